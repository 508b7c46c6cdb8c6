"""Instruments, counterparties and pricing models: headers stewards edit, versions runs pin.

A header row holds what is current and is edited; every content it ever had stands in a sealed
version row under the hash of its canonical text, and only versions are read by runs.
"""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models
from django.db.models import F, Func
from django.db.models.functions import Now

from foundation.immutability.content import content_addressed


def parsed(source: str) -> models.GeneratedField:
    """Return the jsonb twin of a canonical text column: for queries only, never for hashes."""
    return models.GeneratedField(
        expression=Func(F(source), template="(%(expressions)s)::jsonb"),
        output_field=models.JSONField(),
        db_persist=True,
    )


class CounterpartyKind(models.TextChoices):
    """What the counterparty is, in the classes that credit and capital rules distinguish."""

    SOVEREIGN = "SOVEREIGN"
    CENTRAL_BANK = "CENTRAL_BANK"
    PSE = "PSE"
    MDB = "MDB"
    BANK = "BANK"
    SECURITIES_FIRM = "SECURITIES_FIRM"
    OTHER_FI = "OTHER_FI"
    CORPORATE = "CORPORATE"
    SME = "SME"
    SPV_PF = "SPV_PF"
    SPV_OF = "SPV_OF"
    SPV_CF = "SPV_CF"
    INDIVIDUAL = "INDIVIDUAL"
    FUND = "FUND"
    CCP = "CCP"


class ProductType(models.TextChoices):
    """The product types of the platform; which of them price today the pricing library knows."""

    AMORT_LOAN = "AMORT_LOAN"
    REVOLVER = "REVOLVER"
    DELAYED_DRAW = "DELAYED_DRAW"
    FIXED_BOND = "FIXED_BOND"
    FLOATING_NOTE = "FLOATING_NOTE"
    ZERO_COUPON = "ZERO_COUPON"
    INFLATION_BOND = "INFLATION_BOND"
    CALLABLE_BOND = "CALLABLE_BOND"
    ABS_MBS = "ABS_MBS"
    STRUCTURED = "STRUCTURED"
    FX_FWD = "FX_FWD"
    DERIVATIVE = "DERIVATIVE"
    DEPOSIT = "DEPOSIT"
    CASH = "CASH"


@pghistory.track(level=pghistory.Statement, meta={"db_table": "counterparty_event"})
class Counterparty(models.Model):
    """A legal person we deal with or hold a claim on."""

    class ConnectedBasis(models.TextChoices):
        """Why two counterparties are one group of connected clients."""

        CONTROL = "CONTROL"
        ECONOMIC = "ECONOMIC"

    code = models.CharField(max_length=64, unique=True)
    legal_name = models.CharField(max_length=200)
    lei = models.CharField("LEI", max_length=20, blank=True)
    kind = models.CharField(max_length=20, choices=CounterpartyKind.choices)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    connected_group = models.CharField(max_length=64, blank=True)
    connected_basis = models.CharField(max_length=10, choices=ConnectedBasis.choices, blank=True)
    country_of_risk = models.CharField(max_length=2, blank=True)
    country_of_incorporation = models.CharField(max_length=2, blank=True)
    sector_scheme = models.CharField(max_length=20, blank=True)
    sector = models.CharField(max_length=40, blank=True)
    rating = models.CharField(max_length=10, blank=True)
    turnover = models.DecimalField(max_digits=24, decimal_places=2, null=True, blank=True)
    total_assets = models.DecimalField(max_digits=24, decimal_places=2, null=True, blank=True)
    investment_grade = models.BooleanField(null=True, blank=True)
    scra_grade = models.CharField(max_length=2, blank=True)
    default_status = models.CharField(max_length=20, blank=True)
    current_version = models.ForeignKey(
        "CounterpartyVersion",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
    )

    class Meta:
        db_table = "counterparty"
        ordering: ClassVar = ["code"]
        verbose_name_plural = "counterparties"
        constraints: ClassVar = [
            models.CheckConstraint(condition=~models.Q(code=""), name="counterparty_code"),
            models.CheckConstraint(
                condition=models.Q(kind__in=CounterpartyKind.values), name="counterparty_kind"
            ),
            models.CheckConstraint(
                condition=models.Q(parent__isnull=True) | ~models.Q(parent=F("pk")),
                name="counterparty_not_own_parent",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class CounterpartyVersion(models.Model):
    """A counterparty as it was on some day: the canonical text that was hashed."""

    counterparty = models.ForeignKey(
        Counterparty, on_delete=models.PROTECT, related_name="versions"
    )
    content_hash = models.BinaryField()
    document = models.TextField()
    document_json = parsed("document")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "counterparty_version"
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["counterparty", "content_hash"], name="counterparty_version_content"
            ),
            content_addressed("counterparty_version"),
        ]

    def __str__(self) -> str:
        return f"{self.counterparty_id} {bytes(self.content_hash).hex()[:12]}"


class FacilityKind(models.TextChoices):
    """What a facility lets its obligor do."""

    TERM = "TERM"
    REVOLVER = "REVOLVER"
    DELAYED_DRAW = "DELAYED_DRAW"
    LC = "LC"
    GUARANTEE = "GUARANTEE"
    SWINGLINE = "SWINGLINE"
    OVERDRAFT = "OVERDRAFT"


@pghistory.track(level=pghistory.Statement, meta={"db_table": "facility_event"})
class Facility(models.Model):
    """A credit agreement with an obligor, or a sublimit of one: its `parent` is the whole.

    What has parts (fees, rate options, elections, borrowing base and so on) is in `details`, by
    the names of DEFINITIONS, section 1, as the file stated it.
    """

    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200, blank=True)
    obligor = models.ForeignKey(Counterparty, on_delete=models.PROTECT, related_name="facilities")
    kind = models.CharField(max_length=20, choices=FacilityKind.choices)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="sublimits"
    )
    currency = models.CharField(max_length=3)
    commitment = models.DecimalField(max_digits=24, decimal_places=6)
    total_facility_amount = models.DecimalField(
        max_digits=24, decimal_places=6, null=True, blank=True
    )
    agreement_date = models.DateField(null=True, blank=True)
    effective_date = models.DateField(null=True, blank=True)
    availability_end = models.DateField(null=True, blank=True)
    maturity_date = models.DateField(null=True, blank=True)
    unconditionally_cancellable = models.BooleanField(null=True, blank=True)
    seniority = models.CharField(max_length=20, blank=True)
    secured = models.BooleanField(null=True, blank=True)
    details = models.JSONField(default=dict, editable=False)
    current_version = models.ForeignKey(
        "FacilityVersion",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
    )

    class Meta:
        db_table = "facility"
        ordering: ClassVar = ["code"]
        verbose_name_plural = "facilities"
        constraints: ClassVar = [
            models.CheckConstraint(condition=~models.Q(code=""), name="facility_code"),
            models.CheckConstraint(
                condition=models.Q(kind__in=FacilityKind.values), name="facility_kind"
            ),
            models.CheckConstraint(
                condition=models.Q(currency__regex="^[A-Z]{3}$"), name="facility_currency"
            ),
            models.CheckConstraint(
                condition=models.Q(commitment__gte=0), name="facility_commitment"
            ),
            models.CheckConstraint(
                condition=models.Q(parent__isnull=True) | ~models.Q(parent=F("pk")),
                name="facility_not_own_parent",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class FacilityVersion(models.Model):
    """A facility as it was on some day: the canonical text that was hashed."""

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="versions")
    content_hash = models.BinaryField()
    document = models.TextField()
    document_json = parsed("document")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "facility_version"
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["facility", "content_hash"], name="facility_version_content"
            ),
            content_addressed("facility_version"),
        ]

    def __str__(self) -> str:
        return f"{self.facility_id} {bytes(self.content_hash).hex()[:12]}"


@pghistory.track(level=pghistory.Statement, meta={"db_table": "instrument_event"})
class Instrument(models.Model):
    """A contract that positions are held in."""

    code = models.CharField(max_length=64, unique=True)
    product_type = models.CharField(max_length=20, choices=ProductType.choices)
    name = models.CharField(max_length=200, blank=True)
    currency = models.CharField(max_length=3)
    isin = models.CharField("ISIN", max_length=12, blank=True)
    cusip = models.CharField("CUSIP", max_length=9, blank=True)
    issuer = models.ForeignKey(Counterparty, on_delete=models.PROTECT, null=True, blank=True)
    current_terms = models.ForeignKey(
        "InstrumentTerms",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
    )

    class Meta:
        db_table = "instrument"
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~models.Q(code=""), name="instrument_code"),
            models.CheckConstraint(
                condition=models.Q(product_type__in=ProductType.values),
                name="instrument_product_type",
            ),
            models.CheckConstraint(
                condition=models.Q(currency__regex="^[A-Z]{3}$"), name="instrument_currency"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class InstrumentTerms(models.Model):
    """What the contract says, as amended up to some day: the canonical text that was hashed."""

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="terms")
    content_hash = models.BinaryField()
    document = models.TextField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "instrument_terms"
        ordering: ClassVar = ["pk"]
        verbose_name_plural = "instrument terms"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["instrument", "content_hash"], name="instrument_terms_content"
            ),
            content_addressed("instrument_terms"),
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {bytes(self.content_hash).hex()[:12]}"


@pghistory.track(level=pghistory.Statement, meta={"db_table": "pricing_model_event"})
class PricingModel(models.Model):
    """An entry of the model inventory: what prices a product, who validated it, its limits."""

    class Status(models.TextChoices):
        """The model's state of validation."""

        DRAFT = "DRAFT"
        VALIDATED = "VALIDATED"
        RETIRED = "RETIRED"

    code = models.CharField(max_length=64)
    version = models.CharField(max_length=20)
    product_type = models.CharField(max_length=20, choices=ProductType.choices)
    description = models.TextField()
    owner = models.CharField(max_length=100)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    validated_on = models.DateField(null=True, blank=True)
    validated_by = models.CharField(max_length=100, blank=True)
    limits = models.TextField(blank=True)

    class Meta:
        db_table = "pricing_model"
        ordering: ClassVar = ["code", "version"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "version"], name="pricing_model_version"),
            models.CheckConstraint(
                condition=~models.Q(status="VALIDATED")
                | (models.Q(validated_on__isnull=False) & ~models.Q(validated_by="")),
                name="pricing_model_validated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.version}"
