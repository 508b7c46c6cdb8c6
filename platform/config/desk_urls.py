"""Addresses of the desk process: the admin and what operators ask."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path

from foundation import health

# Here and not at every start: no other process shows the admin.
admin.autodiscover()

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("", admin.site.urls),
]
