"""`python -m pricing`: value instruments, list their cash flows, print a product's schema."""

from pricing import profile

profile.pin()

from pricing import cli  # noqa: E402 - NumPy may only be imported after the profile is pinned

raise SystemExit(cli.main())
