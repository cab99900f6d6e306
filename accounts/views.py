"""The pages about oneself: sign in, profile, password."""

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.forms import Form
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.views.generic import TemplateView


class SignInView(LoginView):
    """Goes on to where one was going. Someone who is signed in already is sent there at once."""

    template_name = "accounts/sign-in.html"
    redirect_authenticated_user = True


class ProfileView(LoginRequiredMixin, TemplateView):
    template_name = "accounts/profile.html"


class PasswordView(PasswordChangeView):
    """Other sessions and tokens of this user end with the old password."""

    template_name = "accounts/password.html"
    success_url = reverse_lazy("profile")

    def form_valid(self, form: Form) -> HttpResponse:
        messages.success(self.request, "The password is changed.")
        return super().form_valid(form)
