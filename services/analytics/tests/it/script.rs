//! Ways that complaints take, each with what must be counted of it, told by hand and not by the code under test.

use prost::{Message, Name};
use redress_proto::intake::v1 as wire;
use redress_proto::types::v1::{Category, ComplaintState as At, Severity};
use redress_testkit::EventStream;

use jiff::Timestamp;

/// A way from the registration on: the events that follow it, and what they come to.
pub(crate) struct Script {
    pub(crate) steps: Vec<Step>,
    /// Where it stands in the end.
    pub(crate) state: &'static str,
    /// Which step (from 0) was the first decision, the first result, the end.
    pub(crate) decided: Option<usize>,
    pub(crate) result: Option<usize>,
    pub(crate) ended: Option<usize>,
    pub(crate) outcome: Option<&'static str>,
    /// The category, severity and urgency that the register goes by.
    pub(crate) applied: Option<(&'static str, &'static str, bool)>,
}

type Tell = dyn Fn(&mut EventStream, Timestamp) + Send;

pub(crate) struct Step(Box<Tell>);

impl Step {
    pub(crate) fn tell(&self, stream: &mut EventStream, at: Timestamp) {
        (self.0)(stream, at);
    }
}

fn step<M: Message + Name + 'static>(message: M) -> Step {
    Step(Box::new(move |stream, at| stream.tell(at, &message)))
}

fn advanced(from: At, to: At) -> Step {
    step(wire::ComplaintAdvanced { from: from.into(), to: to.into(), fact: "Test".into() })
}

fn accepted() -> Step {
    step(wire::ComplaintAccepted { handler: "queue-1".into() })
}

fn reviewed() -> Step {
    step(wire::AdmissibilityReviewStarted::default())
}

fn reviewed_as_major_cq05() -> Step {
    step(wire::AdmissibilityReviewStarted {
        category: Category::Cq05.into(),
        severity: Severity::Major.into(),
        urgent: true,
        ..Default::default()
    })
}

fn applied_as_general_cq06() -> Step {
    step(wire::AssessmentApplied {
        category: Category::Cq06.into(),
        severity: Severity::General.into(),
        urgent: false,
        ..Default::default()
    })
}

fn refused() -> Step {
    step(wire::ComplaintRefused::default())
}

fn closed(outcome: &str) -> Step {
    step(wire::ComplaintClosed { outcome: outcome.into(), cause: "product".into() })
}

/// The way of an ordinary case up to its closing with `outcome`: nine steps.
fn to_the_end(outcome: &'static str) -> Vec<Step> {
    vec![
        reviewed(),
        accepted(),
        advanced(At::Accepted, At::Investigating),
        advanced(At::Investigating, At::PlanReview),
        advanced(At::PlanReview, At::Mediating),
        advanced(At::Mediating, At::Executing),
        advanced(At::Executing, At::ResultNotified),
        advanced(At::ResultNotified, At::Closed),
        closed(outcome),
    ]
}

/// A way that ends nowhere.
fn open(steps: Vec<Step>, state: &'static str, decided: Option<usize>) -> Script {
    Script { steps, state, decided, result: None, ended: None, outcome: None, applied: None }
}

/// All ways.
pub(crate) fn all() -> Vec<Script> {
    let mut all = unfinished();
    all.extend(finished());
    all
}

fn unfinished() -> Vec<Script> {
    vec![
        open(vec![], "received", None),
        open(
            vec![step(wire::CompletionRequested::default()), step(wire::CompletionSupplied::default())],
            "received",
            None,
        ),
        open(vec![step(wire::CompletionRequested::default())], "awaiting_completion", None),
        open(vec![reviewed()], "admissibility_review", None),
        open(vec![reviewed(), accepted()], "accepted", Some(1)),
        Script {
            applied: Some(("CQ05", "major", true)),
            ..open(vec![reviewed_as_major_cq05(), accepted()], "accepted", Some(1))
        },
        Script {
            applied: Some(("CQ06", "general", false)),
            ..open(
                vec![reviewed_as_major_cq05(), applied_as_general_cq06(), reviewed()],
                "admissibility_review",
                None,
            )
        },
        open(
            vec![
                reviewed(),
                refused(),
                step(wire::RefusalReviewRequested { reviewer: "r-2".into() }),
                accepted(),
            ],
            "accepted",
            Some(1),
        ),
        open(
            vec![
                step(wire::ComplaintMerged::default()),
                step(wire::ComplaintUnmerged { to: At::Received.into(), reason: "apart".into() }),
            ],
            "received",
            None,
        ),
        open(vec![reviewed(), step(wire::CaseSuspended::default())], "suspended", None),
        open(
            vec![
                reviewed(),
                step(wire::CaseSuspended::default()),
                step(wire::CaseResumed { to: At::AdmissibilityReview.into() }),
            ],
            "admissibility_review",
            None,
        ),
        open(
            vec![reviewed(), accepted(), step(wire::ComplaintReferred { route: "12315".into() })],
            "referred",
            Some(1),
        ),
        Script {
            steps: to_the_end("upheld")
                .into_iter()
                .chain([step(wire::ComplaintReopened { reason: "new_evidence".into() })])
                .collect(),
            state: "investigating",
            decided: Some(1),
            result: Some(6),
            ended: None,
            outcome: None,
            applied: None,
        },
        Script {
            steps: to_the_end("not_upheld")
                .into_iter()
                .chain([advanced(At::Closed, At::UnderAppeal)])
                .collect(),
            state: "under_appeal",
            decided: Some(1),
            result: Some(6),
            ended: None,
            outcome: None,
            applied: None,
        },
    ]
}

fn finished() -> Vec<Script> {
    let outcomes = ["upheld", "partly_upheld", "not_upheld", "settled_no_finding", "terminated_no_agreement"];
    let ordinary = outcomes.map(|outcome| Script {
        steps: to_the_end(outcome),
        state: "closed",
        decided: Some(1),
        result: Some(6),
        ended: Some(7),
        outcome: Some(outcome),
        applied: None,
    });
    let end = |steps, state, decided, ended, outcome| Script {
        steps,
        state,
        decided,
        result: None,
        ended: Some(ended),
        outcome: Some(outcome),
        applied: None,
    };
    let rest = [
        end(vec![reviewed(), refused()], "not_accepted", Some(1), 1, "refused"),
        end(
            vec![step(wire::CompletionRequested::default()), step(wire::ComplaintLapsed::default())],
            "not_accepted",
            None,
            1,
            "lapsed",
        ),
        end(vec![reviewed(), step(wire::ComplaintWithdrawn {})], "withdrawn", None, 1, "withdrawn"),
        end(vec![step(wire::ComplaintMerged::default())], "merged", None, 0, "duplicate"),
        end(
            vec![
                reviewed(),
                accepted(),
                step(wire::ComplaintReferred { route: "12315".into() }),
                step(wire::ReferralConcluded { to: At::Closed.into() }),
                closed("referred"),
            ],
            "closed",
            Some(1),
            3,
            "referred",
        ),
        Script {
            // Opened again and closed otherwise: the first result and the last end count.
            steps: to_the_end("not_upheld")
                .into_iter()
                .chain([
                    step(wire::ComplaintReopened { reason: "new_evidence".into() }),
                    advanced(At::Investigating, At::ResultNotified),
                    advanced(At::ResultNotified, At::Closed),
                    closed("upheld"),
                ])
                .collect(),
            state: "closed",
            decided: Some(1),
            result: Some(6),
            ended: Some(11),
            outcome: Some("upheld"),
            applied: None,
        },
    ];
    ordinary.into_iter().chain(rest).collect()
}
