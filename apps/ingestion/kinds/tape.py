"""KIND tape: a foreign file, read through a declared profile."""

from __future__ import annotations

from apps.ingestion import profile
from apps.ingestion.kinds import histories, tape_history, tape_loans, tape_market
from apps.ingestion.outcome import Outcome, Progress, Request
from apps.ingestion.problems import ImportRefused, Problems
from apps.ingestion.profile import HistoryProfile, LoanProfile
from apps.ingestion.readers.source import FileKind

Parsed = tape_loans.LoanTape | tape_market.MarketTape | histories.Levels


def parse(request: Request, problems: Problems, progress: Progress) -> Parsed:
    """Return what the file says, through its profile."""
    chosen = profile.load(request.profile)
    if request.source.kind is not FileKind.CSV:
        raise ImportRefused.because("FILE_TYPE", "a CSV file for this profile", request.source.name)
    if isinstance(chosen, LoanProfile):
        return tape_loans.parse(chosen, request, problems, progress)
    if isinstance(chosen, HistoryProfile):
        return tape_history.parse(chosen, request, problems)
    return tape_market.parse(chosen, request)


def write(parsed: Parsed, request: Request, problems: Problems, progress: Progress) -> Outcome:
    """Write all that the file gives in one transaction."""
    if isinstance(parsed, tape_loans.LoanTape):
        return tape_loans.write(parsed, request, problems, progress)
    if isinstance(parsed, histories.Levels):
        return histories.write(parsed, request, problems, progress)
    return tape_market.write(parsed, request, problems, progress)
