//! What an assessment says, with its reasons.

use redress_domain::{Category, Matter, PartyKind, Severity, UrgentReason, coded_enum};
use serde::Serialize;

use super::language::Language;

coded_enum! {
    /// Why a complaint is proposed to be refused. The proposal decides nothing: refusing takes a person (T07).
    InadmissibleReason {
        /// Not this platform's matter (L04, F021).
        NotCompetent = "not_competent",
        /// A court, police, authority or consumer body has accepted or ended it (L04).
        HandledElsewhere = "handled_elsewhere",
        /// Question, praise, suggestion, waived remark (L04).
        NoDispute = "no_dispute",
        /// The text itself says bought to claim or resell (L04).
        NotLivingConsumption = "not_living_consumption",
        /// Known for more than three years (L04).
        OverThreeYears = "over_three_years",
        /// Forged, or refused after request (L04).
        FalseOrMissingMaterial = "false_or_missing_material",
        /// Acting for another without mandate, or refusing verification (L04).
        IdentityNotVerifiable = "identity_not_verifiable",
        /// Mere abuse, advertising, test, instruction to the machine (F021).
        AbuseOrSpam = "abuse_or_spam",
        /// Settled and executed, no new fact.
        DuplicateSettled = "duplicate_settled",
        /// Demand out of all proportion, no loss (F021).
        UnreasonableDemand = "unreasonable_demand",
    }
}

coded_enum! {
    /// A detail that is mandatory for its category and in neither text nor metadata (F125).
    Missing {
        /// The order's number.
        OrderNo = "order_no",
        /// What is wrong with the thing.
        DefectDetail = "defect_detail",
        /// What happened to the parcel.
        LogisticsDetail = "logistics_detail",
        /// The words that misled.
        ExactWording = "exact_wording",
        /// Who the other side is, or which room.
        Respondent = "respondent",
        /// Which account.
        AccountId = "account_id",
        /// Which penalty.
        PenaltyRef = "penalty_ref",
        /// How much.
        Amount = "amount",
        /// What happened.
        Facts = "facts",
        /// What is asked for; only listed beside something else.
        Demand = "demand",
    }
}

coded_enum! {
    /// A label that may be absent, and so be taken out by whoever knows better.
    Clearable {
        /// The sub-category.
        SubCategory = "sub_category",
        /// The other categories.
        Secondary = "secondary",
        /// Who caused it in a live-commerce relation.
        LiveAttribution = "live_attribution",
        /// Whom it is directed at.
        Respondent = "respondent",
        /// What was asked for.
        Demand = "demand",
    }
}

/// Whether a complaint is proposed to be taken up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Admissibility {
    /// It is taken up.
    Yes,
    /// Refusal is proposed to a person.
    No(InadmissibleReason),
    /// Mandatory details are asked for; never empty.
    NeedsCompletion(Vec<Missing>),
}

/// Where in the writer's text something stands: byte offsets on character borders, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// One rule that fired.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// The rule's id in the pinned rule set.
    pub rule_id: String,
    /// What it speaks for, for example `CQ02/dispatch_delay` or `urgent/minor`.
    pub label: String,
    /// The words it rests on; empty for rules over context only.
    pub evidence: Vec<Span>,
    /// Its weight in favour of the label.
    pub score: f32,
}

/// What the rules say about one case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    /// The category whose cure would end the complaint.
    pub category: Category,
    /// The sub-category; absent if nothing in the text tells.
    pub sub_category: Option<String>,
    /// How clearly the category leads, 0 to 1. Not a probability.
    pub confidence: f32,
    /// Other categories whose facts are asserted, strongest first.
    pub secondary: Vec<Category>,
    /// General or major.
    pub severity: Severity,
    /// Why it is urgent; absent if it is not. Independent of severity.
    pub urgent: Option<UrgentReason>,
    /// Who caused it in a live-commerce relation, on the writer's account.
    pub live_attribution: Option<PartyKind>,
    /// Whom it is directed at; absent if unknown or if it is no complaint. `User` is another user.
    pub respondent: Option<PartyKind>,
    /// Own relief, a report, or both (L01).
    pub matter: Matter,
    /// Whether it is proposed to be taken up.
    pub admissibility: Admissibility,
    /// The text's language.
    pub language: Language,
    /// Whether a person must look before anything is decided.
    pub needs_human: bool,
    /// The rules that fired, in the order of the rule set.
    pub reasons: Vec<Reason>,
    /// The version of the rule set, pinned.
    pub rule_set: String,
}

impl Assessment {
    /// The mandatory details that are missing; empty unless completion is asked for.
    pub fn missing(&self) -> &[Missing] {
        match &self.admissibility {
            Admissibility::NeedsCompletion(missing) => missing,
            Admissibility::Yes | Admissibility::No(_) => &[],
        }
    }

    /// Why refusal is proposed, if it is.
    pub fn inadmissible_reason(&self) -> Option<InadmissibleReason> {
        match self.admissibility {
            Admissibility::No(reason) => Some(reason),
            Admissibility::Yes | Admissibility::NeedsCompletion(_) => None,
        }
    }
}
