"""The summary on a terminal: tables a risk manager reads from top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich import box
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from apps.ingestion.demo.bands import Band
from apps.ingestion.demo.summary import Line, Summary

MILLION = Decimal(1_000_000)
THOUSAND = Decimal(1_000)
WORST = 8
BEST = 3
_BAR = 22


def render(summary: Summary, bands: Sequence[Band], *, status: str, result_hash: str) -> Group:
    """Return the whole summary."""
    return Group(
        _headline(summary, status, result_hash),
        _side_by_side(_scenarios(summary), _key_rates(summary)),
        _side_by_side(
            _lines("Business lines", _by_value(summary.business_lines), summary.total),
            _lines("Largest books", summary.books),
        ),
        _side_by_side(_bands(bands), _errors(summary), _currencies(summary)),
    )


def millions(value: Decimal, digits: int = 1) -> str:
    """Return an amount in millions, grouped."""
    return f"{value / MILLION:,.{digits}f}"


def _side_by_side(*parts: RenderableType) -> Columns:
    return Columns(parts, padding=(0, 3))


def _headline(summary: Summary, status: str, result_hash: str) -> Panel:
    total, currency = summary.total, summary.currency
    grid = Table.grid(padding=(0, 3))
    for _ in range(4):
        grid.add_column()
    grid.add_row(
        _fact("Present value", f"{currency} {millions(total.pv)} m", "bold"),
        _fact("DV01", f"{currency} {total.dv01 / MILLION:,.2f} m per bp"),
        _fact("Effective duration", _years(total.duration)),
        _fact("Weighted average life", _years(summary.wal)),
    )
    grid.add_row(
        _fact("Principal", f"{currency} {millions(total.principal)} m"),
        _fact("CS01", f"{currency} {total.cs01 / MILLION:,.2f} m per bp"),
        _fact("Spread duration", _years(summary.spread_duration)),
        _fact("Accrued interest", f"{currency} {millions(summary.accrued)} m"),
    )
    errors = total.positions - total.valued
    covered = summary.covered_notional + summary.uncovered_notional
    share = 100 * summary.covered_notional / covered if covered else Decimal(0)
    grid.add_row(
        _fact("Positions", f"{total.positions:,}"),
        _fact("Valued", f"{total.valued:,}", "green"),
        _fact("Errors", f"{errors:,}", "red" if errors else "green"),
        _fact("Covered by notional", f"{share:.2f}%"),
    )
    title = f"Run {summary.run_id}  {status}"
    return Panel(
        grid, title=title, subtitle=f"result {result_hash[:16]}", box=box.ROUNDED, expand=False
    )


def _fact(name: str, value: str, style: str = "") -> Text:
    return Text.assemble((f"{name}\n", "dim"), (value, style or "default"))


def _years(value: Decimal | None) -> str:
    return "-" if value is None else f"{value:.2f} years"


def _scenarios(summary: Summary) -> Table:
    table = _table(f"Worst and best scenarios, {summary.currency} m")
    table.add_column("scenario")
    table.add_column("change", justify="right")
    table.add_column("of PV", justify="right")
    table.add_column("")
    ranked = summary.worst
    shown = [*ranked[:WORST], *ranked[max(WORST, len(ranked) - BEST) :]]
    largest = max((abs(move.change) for move in shown), default=Decimal(1)) or Decimal(1)
    for place, move in enumerate(shown):
        style = "red" if move.change < 0 else "green"
        table.add_row(
            move.scenario,
            Text(millions(move.change), style),
            f"{100 * move.change / summary.total.pv:+.2f}%",
            Text(_bar(abs(move.change), largest), style),
            end_section=place == WORST - 1,
        )
    return table


def _key_rates(summary: Summary) -> Table:
    table = _table(f"Key-rate DV01, {summary.currency} thousand per bp")
    table.add_column("tenor")
    table.add_column("dollar", justify="right")
    table.add_column("others", justify="right")
    table.add_column("")
    tenors = list(dict.fromkeys(factor.partition("/")[2] for factor, _ in summary.key_rates))
    home = {tenor: _of_tenor(summary, tenor, home=True) for tenor in tenors}
    largest = max((abs(value) for value in home.values()), default=Decimal(1)) or Decimal(1)
    for tenor in tenors:
        table.add_row(
            tenor,
            f"{home[tenor] / THOUSAND:,.0f}",
            f"{_of_tenor(summary, tenor, home=False) / THOUSAND:,.0f}",
            Text(_bar(abs(home[tenor]), largest), "cyan"),
        )
    table.add_row(
        "sum",
        f"{sum(home.values()) / THOUSAND:,.0f}",
        f"{sum(_of_tenor(summary, t, home=False) for t in tenors) / THOUSAND:,.0f}",
        "",
        style="bold",
    )
    return table


def _of_tenor(summary: Summary, tenor: str, *, home: bool) -> Decimal:
    return sum(
        (
            value
            for factor, value in summary.key_rates
            if factor.partition("/")[2] == tenor
            and (factor.partition("/")[0] == summary.currency) is home
        ),
        Decimal(0),
    )


def _by_value(lines: Sequence[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (-line.pv, line.name))


def _lines(title: str, lines: Sequence[Line], total: Line | None = None) -> Table:
    table = _table(f"{title}, m")
    table.add_column("name")
    for name in ("positions", "PV", "DV01", "duration"):
        table.add_column(name, justify="right")
    for place, line in enumerate(lines, start=1):
        table.add_row(line.name, *_figures(line), end_section=place == len(lines))
    if total is not None:
        table.add_row("total", *_figures(total), style="bold")
    return table


def _figures(line: Line) -> tuple[str, str, str, str]:
    duration = "-" if line.duration is None else f"{line.duration:.2f}"
    return f"{line.positions:,}", millions(line.pv), f"{line.dv01 / MILLION:,.3f}", duration


def _bands(bands: Sequence[Band]) -> Table:
    table = _table("Sanity bands")
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("band", justify="right")
    table.add_column("")
    for band in bands:
        value = "-" if band.value is None else f"{band.value:.2f}"
        verdict = {
            True: Text("in", "green"),
            False: Text("OUT", "bold red"),
            None: Text("not measured", "yellow"),
        }[band.holds]
        table.add_row(band.name, value, f"{band.low} to {band.high} {band.unit}", verdict)
    return table


def _errors(summary: Summary) -> Table:
    table = _table("Not valued, by reason")
    table.add_column("code")
    table.add_column("positions", justify="right")
    for code, count in summary.errors:
        table.add_row(code, f"{count:,}")
    if not summary.errors:
        table.add_row("none", "0")
    return table


def _currencies(summary: Summary) -> Table:
    table = _table("By currency, local m")
    table.add_column("currency")
    table.add_column("exposure", justify="right")
    for currency, value in summary.fx_exposures:
        if value:
            table.add_row(currency, millions(value))
    return table


def _table(title: str) -> Table:
    return Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )


def _bar(value: Decimal, largest: Decimal) -> str:
    """Return a bar in eighths of a character."""
    eighths = int(value / largest * _BAR * 8)
    return "█" * (eighths // 8) + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths % 8]
