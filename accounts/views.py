"""The pages about oneself: sign in, profile, password."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.views.generic import TemplateView

from accounts.errors import TooManyAttempts
from accounts.throttling import Attempt


class SignInView(LoginView):
    """Goes on to where one was going. Someone who is signed in already is sent there at once."""

    template_name = "accounts/sign-in.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().post(request, *args, **kwargs)
        except TooManyAttempts as problem:
            form = self.form_class(request, initial={"username": request.POST.get("username", "")})
            context = self.get_context_data(form=form, too_many_attempts=problem)
            headers = {"Retry-After": str(problem.retry_after_s)}
            return self.render_to_response(context, status=429, headers=headers)


class ProfileView(LoginRequiredMixin, TemplateView):
    template_name = "accounts/profile.html"


class PasswordView(PasswordChangeView):
    """Other sessions and tokens of this user end with the old password."""

    template_name = "accounts/password.html"
    success_url = reverse_lazy("profile")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The old password cannot be guessed here either. Raises TooManyAttempts."""
        attempt = Attempt(request, "password", request.user.get_username())
        attempt.begin()
        form = self.get_form()
        if "old_password" not in form.errors:
            attempt.succeed()
        return self.form_valid(form) if form.is_valid() else self.form_invalid(form)

    def form_valid(self, form: Form) -> HttpResponse:
        messages.success(self.request, "The password is changed.")
        return super().form_valid(form)
