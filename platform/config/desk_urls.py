"""Addresses of the desk process: the admin and what operators ask."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path

from foundation import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("", admin.site.urls),
]
