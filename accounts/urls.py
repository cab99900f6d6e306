from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts import views
from accounts.personal_tokens import api as api_tokens
from accounts.sign_in import api

urlpatterns = [
    path("sign-in", views.SignInView.as_view(), name="sign-in"),
    path("sign-out", LogoutView.as_view(), name="sign-out"),
    path("profile", views.ProfileView.as_view(), name="profile"),
    path("profile/tokens/<int:token_id>/revoke", views.RevokeTokenView.as_view(), name="revoke-token"),
    path("profile/password", views.PasswordView.as_view(), name="password"),
    path("api/v1/auth/login", api.LoginView.as_view(), name="api-login"),
    path("api/v1/auth/refresh", api.RefreshView.as_view(), name="api-refresh"),
    path("api/v1/auth/logout", api.LogoutView.as_view(), name="api-logout"),
    path("api/v1/auth/me", api.MeView.as_view(), name="api-me"),
    path("api/v1/auth/tokens", api_tokens.TokenListView.as_view(), name="api-tokens"),
    path("api/v1/auth/tokens/<int:token_id>", api_tokens.TokenView.as_view(), name="api-token"),
]
