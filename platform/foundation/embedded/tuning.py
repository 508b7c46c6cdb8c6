"""The server's settings: those of every machine, and those that follow its memory."""

import os
from collections.abc import Mapping
from pathlib import Path

_MB = 1024 * 1024
_MAX_SHARED = 4096 * _MB
_CONTAINER_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def memory_bytes() -> int:
    """The memory this process may use: the machine's, or the container's limit when smaller."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [int(text) for text in map(_read, _CONTAINER_LIMITS) if text.isdigit()]
    return min([machine, *limits])


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def server_settings(socket: Path, *, memory: int, durable: bool) -> Mapping[str, str]:
    """Command line settings of a server listening in `socket` on a machine of `memory` bytes.

    A server that is not durable (tests) loses its data with the machine, never with a process.
    """
    shared = min(_MAX_SHARED, max(32 * _MB, memory // 4))
    small = memory < 2048 * _MB
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(socket),
        "unix_socket_permissions": "0700",
        "port": "5432",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "max_connections": "200",
        "shared_buffers": f"{shared // _MB}MB",
        "effective_cache_size": f"{max(shared, memory // 2) // _MB}MB",
        "maintenance_work_mem": "64MB" if small else "256MB",
        "work_mem": "4MB" if small else "16MB",
        # Results arrive in bursts of a gigabyte: a checkpoint in the burst writes pages twice.
        "max_wal_size": "1GB" if small else "4GB",
        "checkpoint_timeout": "15min",
        "wal_compression": "on",
        "log_min_messages": "warning",
        "log_checkpoints": "off",
    }
    if not durable:
        settings |= {"fsync": "off", "full_page_writes": "off"}
        settings |= {"shared_buffers": "256MB", "max_wal_size": "512MB"}
    return settings


def command_line(settings: Mapping[str, str]) -> str:
    """The settings as the options string of pg_ctl."""
    return " ".join(f'-c {name}="{value}"' for name, value in settings.items())
