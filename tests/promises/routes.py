"""Who may ask what: every address of the program with its methods, and what each of them needs.

An address that is missing here, or a method, fails the test of promise 7: nothing comes into the program without
somebody having said who may use it.
"""

OPEN = "nothing"
SIGNED_IN = "sign-in"
STAFF = "staff"

API = {
    "/api/v1/camera/capture": {"POST": "capture"},
    "/api/v1/camera": {"GET": "view"},
    "/api/v1/camera/settings": {"PATCH": "capture"},
    "/api/v1/camera/frame": {"GET": "view"},
    "/api/v1/camera/numbers": {"GET": "view"},
    "/api/v1/camera/auto-exposure": {"POST": "capture"},
    "/api/v1/camera/white-balance": {"POST": "capture"},
    "/api/v1/camera/live": {"GET": "view"},
    "/api/v1/objectives": {"GET": "view", "POST": "calibrate"},
    "/api/v1/objectives/<uuid:objective_id>": {"PATCH": "calibrate"},
    "/api/v1/objectives/<uuid:objective_id>/calibrations": {"GET": "view", "POST": "calibrate"},
    "/api/v1/storage": {"GET": "view"},
    "/api/v1/images": {"GET": "view"},
    "/api/v1/images/<int:image_id>": {"GET": "view", "PATCH": "edit", "DELETE": "bin"},
    "/api/v1/images/<int:image_id>/restore": {"POST": "bin"},
    "/api/v1/images/<int:image_id>/neighbours": {"GET": "view"},
    "/api/v1/images/<int:image_id>/verify": {"POST": "view"},
    "/api/v1/images/<int:image_id>/file": {"GET": "view"},
    "/api/v1/images/<int:image_id>/link": {"POST": "view"},
    "/api/v1/images/<int:image_id>/thumbnail": {"GET": "view"},
    "/api/v1/images/zip": {"GET": "view", "POST": "view"},
    "/api/v1/images/bin": {"POST": "bin"},
    "/api/v1/images/restore": {"POST": "bin"},
    "/api/v1/images/bin/empty": {"POST": "remove"},
    "/api/v1/auth/login": {"POST": OPEN},
    "/api/v1/auth/refresh": {"POST": OPEN},
    "/api/v1/auth/logout": {"POST": SIGNED_IN},
    "/api/v1/auth/me": {"GET": SIGNED_IN},
    "/api/schema": {"GET": SIGNED_IN},
}
PAGES = {
    "/": {"GET": "view"},
    "/images/": {"GET": "view"},
    "/images/bin/": {"GET": "capture"},
    "/images/<int:image_id>/": {"GET": "view"},
    "/images/<int:image_id>/calibrate/": {"GET": "calibrate"},
    "/objectives/": {"GET": "view"},
    "/verification/": {"GET": "remove"},
    # The token in it is what counts, and the tests of such links tell of wrong ones.
    "/f/<str:token>/<str:name>": {"GET": OPEN},
    "/profile": {"GET": SIGNED_IN},
    "/profile/password": {"GET": SIGNED_IN, "POST": SIGNED_IN, "PUT": SIGNED_IN},
    "/admin/password_change/": {"GET": SIGNED_IN, "POST": SIGNED_IN, "PUT": SIGNED_IN},
    "/api/docs": {"GET": SIGNED_IN},
    "/sign-in": {"GET": OPEN, "POST": OPEN, "PUT": OPEN},
    "/sign-out": {"POST": OPEN},
    "/health": {"GET": OPEN},
}
# The admin looks at no method before it knows who asks; what it then allows is told by the tests of each app's admin.
ADMIN_OPEN = {"/admin/login/", "/admin/logout/", "/admin/jsi18n/"}
ADMIN = {
    *("/admin/", "/admin/password_change/done/", "/admin/autocomplete/"),
    "/admin/r/<path:content_type_id>/<path:object_id>/",
    "/admin/accounts/user/<id>/password/",
    "/admin/^(?P<app_label>)/$",
    "/admin/(?P<url>.*)$",
    *(
        f"/admin/{model}/{place}"
        for model in (
            "accounts/user",
            "auth/group",
            "images/calibration",
            "images/image",
            "images/objective",
            "images/job",
            "microscope/auditentry",
            "token_blacklist/blacklistedtoken",
            "token_blacklist/outstandingtoken",
        )
        for place in (
            *("", "add/", "<path:object_id>/"),
            *("<path:object_id>/history/", "<path:object_id>/delete/", "<path:object_id>/change/"),
        )
    ),
}
