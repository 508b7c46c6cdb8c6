"""Addresses of the web process: the API, the pages around it, and what operators ask."""

from django.contrib.auth import views as auth
from django.urls import URLPattern, URLResolver, path

from config import pages
from foundation import health
from graph.stream import stream
from graph.view import graphql

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.home, name="home"),
    path("runs/<int:run>/", pages.run, name="run"),
    path("login/", auth.LoginView.as_view(template_name="config/login.html"), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("graphql", graphql, name="graphql"),
    path("graphql/stream", stream, name="stream"),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
]
