"""A Turkle as its documentation sets one up, in a process of its own: ``python turkle_site.py FOLDER PASSWORD PORT``.

It prints a line of JSON: where it is, and the API token of its administrator ``admin``. Everything else, workers,
project and batch included, is made from outside through its API.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import django
from django.conf import settings

urlpatterns: list[Any] = []


def configure(folder: Path) -> None:
    """The settings of Turkle's documentation, with a database in ``folder``; passwords are hashed fast."""
    settings.configure(
        SECRET_KEY="of a test",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": folder / "turkle.sqlite",
                "OPTIONS": {"timeout": 20},
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            "turkle",
            "django.contrib.admin",
            "rest_framework",
            "rest_framework.authtoken",
            "turkle.api",
            "guardian",
            "djaa_list_filter2",
        ],
        MIDDLEWARE=[
            "django.middleware.common.CommonMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        AUTHENTICATION_BACKENDS=[
            "django.contrib.auth.backends.ModelBackend",
            "guardian.backends.ObjectPermissionBackend",
        ],
        REST_FRAMEWORK={
            "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
            "DEFAULT_AUTHENTICATION_CLASSES": [
                "rest_framework.authentication.SessionAuthentication",
                "rest_framework.authentication.TokenAuthentication",
            ],
        },
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.contrib.auth.context_processors.auth",
                        "django.template.context_processors.request",
                        "django.contrib.messages.context_processors.messages",
                        "turkle.utils.turkle_vars",
                    ]
                },
            }
        ],
        STATIC_URL="/static/",
        LOGIN_URL="login",
        LOGIN_REDIRECT_URL="index",
        TURKLE_AUTO_ACCEPT_DEFAULT=False,
        LOGGING={
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"console": {"class": "logging.StreamHandler"}},
            "loggers": {"django.request": {"handlers": ["console"], "level": "ERROR"}},
        },
    )


def main(folder: Path, password: str, port: int) -> None:
    """Make the database, the administrator and the token if they are not there; then serve until killed."""
    configure(folder)
    django.setup()
    from django.contrib import admin
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application
    from django.urls import include, path
    from rest_framework.authtoken.models import Token

    urlpatterns.extend(
        [
            path("admin/", admin.site.urls),
            path("api/", include("turkle.api.urls")),
            path("", include("django.contrib.auth.urls")),
            path("", include("turkle.urls")),
        ]
    )
    call_command("migrate", verbosity=0, interactive=False)
    admins = User.objects.filter(username="admin")
    user = admins.first() or User.objects.create_superuser("admin", password=password)
    token, _ = Token.objects.get_or_create(user=user)
    with ThreadedWSGIServer(("127.0.0.1", port), WSGIRequestHandler) as server:
        server.set_app(get_wsgi_application())
        print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}", "token": token.key}), flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
