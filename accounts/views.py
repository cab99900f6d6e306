"""The sign-in page."""

from django.contrib.auth.views import LoginView


class SignInView(LoginView):
    """Goes on to where one was going. Someone who is signed in already is sent there at once."""

    template_name = "accounts/sign-in.html"
    redirect_authenticated_user = True
