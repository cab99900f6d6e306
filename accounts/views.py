"""The pages of one's own account: sign in, profile, password."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.views import View
from django.views.generic import FormView

from accounts.errors import BadToken, TooManyAttempts
from accounts.personal_tokens.forms import NewTokenForm
from accounts.personal_tokens.tokens import CAPTURE, list_tokens, make_token, revoke_token
from accounts.throttling import Attempt


class SignInView(LoginView):
    """Leads on to the page that the user wanted. A user who is signed in already goes there at once."""

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


class ProfileView(LoginRequiredMixin, FormView):
    """The user's account, and the personal tokens. The form makes a token, and the answer shows its text this once."""

    template_name = "accounts/profile.html"
    form_class = NewTokenForm
    initial = {"scope": "view", "days": 90}
    http_method_names = ["get", "head", "post"]

    def form_valid(self, form: Form) -> HttpResponse:
        try:
            made, text = make_token(self.request.user, **form.cleaned_data)
        except BadToken as problem:
            for field, sentences in problem.fields.items():
                form.add_error(field, sentences[0])
            return self.form_invalid(form)
        # No redirect: the text would have to wait in the session, and so in the database. If the page is sent again,
        # the name is taken.
        form = self.form_class(initial=self.initial)
        return self.render_to_response(self.get_context_data(form=form, made=made, made_text=text))

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        tokens, may_capture = list_tokens(self.request.user), self.request.user.has_perm(CAPTURE)
        return super().get_context_data(tokens=tokens, may_capture=may_capture, **context)


class RevokeTokenView(LoginRequiredMixin, View):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, token_id: int) -> HttpResponse:
        """Raises TokenMissing."""
        token = revoke_token(request.user, token_id)
        messages.success(request, f"The token “{token.name}” is revoked. It opens nothing now.")
        return redirect("profile")


class PasswordView(PasswordChangeView):
    """Change the password. It ends all other sessions and tokens of the user."""

    template_name = "accounts/password.html"
    success_url = reverse_lazy("profile")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check the old password with the same limit on failures as a sign-in. Raises TooManyAttempts."""
        attempt = Attempt(request, "password", request.user.get_username())
        # Without a limit, somebody at a computer that was left signed in could guess the password.
        attempt.begin()
        form = self.get_form()
        # A bad new password is no failed attempt to guess the old one.
        if "old_password" not in form.errors:
            attempt.succeed()
        return self.form_valid(form) if form.is_valid() else self.form_invalid(form)

    def form_valid(self, form: Form) -> HttpResponse:
        messages.success(self.request, "Password changed.")
        return super().form_valid(form)
