"""Who may call what: every address of the program, its methods, and the permission that each needs.

If an address or a method is missing here, the test of promise 7 fails: for each new address somebody must decide
who may use it.
"""

OPEN = "nothing"
SIGNED_IN = "sign-in"
STAFF = "staff"

API = {
    "/api/v1/camera/capture": {"POST": "capture"},
    "/api/v1/camera": {"GET": "view"},
    "/api/v1/camera/settings": {"PATCH": "capture"},
    "/api/v1/camera/frame": {"GET": "view"},
    "/api/v1/camera/statistics": {"GET": "view"},
    "/api/v1/camera/auto-exposure": {"POST": "capture"},
    "/api/v1/camera/white-balance": {"POST": "capture"},
    "/api/v1/camera/live": {"GET": "view"},
    "/api/v1/camera/live/link": {"POST": "view"},
    "/api/v1/instruments": {"GET": "view"},
    "/api/v1/objectives": {"GET": "view", "POST": "calibrate"},
    "/api/v1/objectives/<uuid:objective_id>": {"PATCH": "calibrate"},
    "/api/v1/objectives/<uuid:objective_id>/calibrations": {"GET": "view", "POST": "calibrate"},
    "/api/v1/control": {"GET": "view", "POST": "capture", "PATCH": "capture", "DELETE": "capture"},
    "/api/v1/control/ask": {"POST": "capture", "DELETE": "capture"},
    "/api/v1/control/answer": {"POST": "capture"},
    "/api/v1/control/take": {"POST": "capture"},
    "/api/v1/storage": {"GET": "view"},
    "/api/v1/status": {"GET": "oversee"},
    "/api/v1/events": {"GET": "view"},
    "/api/v1/jobs": {"GET": "view", "POST": "capture"},
    "/api/v1/jobs/estimate": {"POST": "capture"},
    "/api/v1/jobs/<int:job_id>": {"GET": "view"},
    "/api/v1/jobs/<int:job_id>/next-plane": {"POST": "edit"},
    "/api/v1/jobs/<int:job_id>/pause": {"POST": "edit"},
    "/api/v1/jobs/<int:job_id>/continue": {"POST": "edit"},
    "/api/v1/jobs/<int:job_id>/move": {"POST": "edit"},
    "/api/v1/jobs/<int:job_id>/stop": {"POST": "edit"},
    "/api/v1/jobs/<int:job_id>/slots": {"GET": "view"},
    "/api/v1/jobs/<int:job_id>/export": {"GET": "view"},
    "/api/v1/images": {"GET": "view"},
    "/api/v1/images/<int:image_id>": {"GET": "view", "PATCH": "edit", "DELETE": "bin"},
    "/api/v1/images/<int:image_id>/history": {"GET": "view"},
    "/api/v1/images/<int:image_id>/restore": {"POST": "bin"},
    "/api/v1/images/<int:image_id>/neighbours": {"GET": "view"},
    "/api/v1/images/<int:image_id>/verify": {"POST": "view"},
    "/api/v1/images/<int:image_id>/file": {"GET": "view"},
    "/api/v1/images/<int:image_id>/link": {"POST": "view"},
    "/api/v1/images/<int:image_id>/thumbnail": {"GET": "view"},
    "/api/v1/images/ids": {"GET": "view"},
    "/api/v1/images/newer": {"GET": "view"},
    "/api/v1/images/zip": {"GET": "view", "POST": "view"},
    "/api/v1/images/bin": {"POST": "bin"},
    "/api/v1/images/restore": {"POST": "bin"},
    "/api/v1/images/bin/empty": {"POST": "remove"},
    "/api/v1/storage/evict": {"POST": "oversee"},
    "/api/v1/share-links": {"GET": "share", "POST": "share"},
    "/api/v1/share-links/<int:link_id>": {"DELETE": "share"},
    "/api/v1/auth/login": {"POST": OPEN},
    "/api/v1/auth/refresh": {"POST": OPEN},
    "/api/v1/auth/logout": {"POST": SIGNED_IN},
    "/api/v1/auth/me": {"GET": SIGNED_IN},
    "/api/v1/auth/tokens": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "/api/v1/auth/tokens/<int:token_id>": {"DELETE": SIGNED_IN},
    "/api/schema": {"GET": SIGNED_IN},
}
PAGES = {
    "/": {"GET": "view"},
    "/images/": {"GET": "view"},
    "/images/bin/": {"GET": "capture"},
    "/images/<int:image_id>/": {"GET": "view"},
    "/images/<int:image_id>/calibrate/": {"GET": "calibrate"},
    "/clock/confirm": {"POST": "remove"},
    "/objectives/": {"GET": "view"},
    "/verification/": {"GET": "remove"},
    "/status/": {"GET": "oversee"},
    "/status/parts": {"GET": "oversee"},
    "/status/report": {"GET": "oversee"},
    "/log/": {"GET": "oversee"},
    "/instruments/": {"GET": "view"},
    "/instruments/parts": {"GET": "view"},
    "/instruments/<uuid:instrument_id>/picture.jpg": {"GET": "view"},
    "/jobs/": {"GET": "view"},
    "/jobs/parts": {"GET": "view"},
    "/jobs/new/": {"GET": "capture", "POST": "capture"},
    "/jobs/new/estimate": {"POST": "capture"},
    "/jobs/<int:job_id>/": {"GET": "view"},
    "/jobs/<int:job_id>/export": {"GET": "view"},
    "/jobs/<int:job_id>/parts": {"GET": "view"},
    "/jobs/<int:job_id>/pause": {"POST": "edit"},
    "/jobs/<int:job_id>/continue": {"POST": "edit"},
    "/jobs/<int:job_id>/move": {"POST": "edit"},
    "/jobs/<int:job_id>/stop": {"POST": "edit"},
    "/jobs/<int:job_id>/next-plane": {"POST": "edit"},
    # The token in the address decides who may open it. The tests of the links cover wrong tokens.
    "/f/<str:token>/<str:name>": {"GET": OPEN},
    "/live/<str:token>/live.mjpg": {"GET": OPEN},
    "/live/<str:token>/live.jpg": {"GET": OPEN},
    **{
        f"/shared/<str:token>/{rest}": {"GET": OPEN}
        for rest in (
            *("", "originals.zip", "<int:image_id>/", "<int:image_id>/thumbnail.jpg"),
            *("<int:image_id>/picture.jpg", "<int:image_id>/copy.jpg", "<int:image_id>/original"),
        )
    },
    "/profile": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "/profile/tokens/<int:token_id>/revoke": {"POST": SIGNED_IN},
    "/profile/password": {"GET": SIGNED_IN, "POST": SIGNED_IN, "PUT": SIGNED_IN},
    "/admin/password_change/": {"GET": SIGNED_IN, "POST": SIGNED_IN, "PUT": SIGNED_IN},
    "/api/docs": {"GET": SIGNED_IN},
    "/about/": {"GET": SIGNED_IN},
    # Until the administrator's password is set, the secret in the address decides. Then it leads to the sign-in.
    "/setup/start/<str:secret>": {"GET": OPEN, "POST": OPEN},
    "/setup/": {"GET": "remove"},
    "/setup/password/": {"GET": "remove"},
    "/setup/pictures/": {"GET": "remove", "POST": "remove"},
    "/setup/camera/": {"GET": "remove", "POST": "remove"},
    "/setup/camera/look": {"POST": "remove"},
    "/setup/picture/": {"GET": "remove", "POST": "remove"},
    "/setup/finish": {"POST": "remove"},
    "/sign-in": {"GET": OPEN, "POST": OPEN, "PUT": OPEN},
    "/sign-out": {"POST": OPEN},
    "/health": {"GET": OPEN},
    # Open to programs on the PC itself, as here. The tests of the metrics ask from elsewhere.
    "/metrics": {"GET": OPEN},
}
# The admin checks the user before the method. The tests of each app's admin cover which methods it then allows.
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
            "accounts/personaltoken",
            "accounts/user",
            "auth/group",
            "images/calibration",
            "images/delivery",
            "images/image",
            "images/instrument",
            "images/objective",
            "images/job",
            "microscope/auditentry",
            "microscope/webhook",
        )
        for place in (
            *("", "add/", "<path:object_id>/"),
            *("<path:object_id>/history/", "<path:object_id>/delete/", "<path:object_id>/change/"),
        )
    ),
}
