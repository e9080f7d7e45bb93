//! What an outside model is asked: what the rules judge by, and nobody's name.

use redress_domain::mask;
use redress_proto::types::v1::{Complainant, Demand, LiveRef, OrderRef, Respondent, Submission};

/// The question about a submission. Texts go out with personal data masked; of all else only what kind of party, channel,
/// amount and remedies. References, names, contacts, numbers of orders and files stay here. `submission` is whole, names and
/// contacts in their places: what is not known cannot be taken out.
pub fn about(submission: &Submission) -> Submission {
    let known = personal(submission);
    let masked = |text: &str| mask(text, &known);
    Submission {
        channel: submission.channel,
        text: masked(&submission.text),
        language: submission.language.clone(),
        complainant: submission
            .complainant
            .as_ref()
            .map(|complainant| Complainant { kind: complainant.kind, ..Complainant::default() }),
        respondents: submission
            .respondents
            .iter()
            .map(|respondent| Respondent { kind: respondent.kind, ..Respondent::default() })
            .collect(),
        order: submission
            .order
            .as_ref()
            .map(|order| OrderRef { paid: order.paid.clone(), ..OrderRef::default() }),
        live: submission.live.as_ref().map(|live| LiveRef {
            quoted_wording: live.quoted_wording.as_deref().map(masked),
            ..LiveRef::default()
        }),
        demand: submission.demand.as_ref().map(|demand| Demand {
            remedies: demand.remedies.clone(),
            amount: demand.amount.clone(),
            text: demand.text.as_deref().map(masked),
        }),
        ..Submission::default()
    }
}

/// Values beside the text that may occur in it again.
fn personal(submission: &Submission) -> Vec<&str> {
    let complainant = submission.complainant.iter().flat_map(|complainant| {
        let contacts = complainant.contacts.iter().map(|contact| contact.value.as_str());
        complainant.name.as_deref().into_iter().chain(complainant.external_ref.as_deref()).chain(contacts)
    });
    let respondents = submission.respondents.iter().flat_map(|respondent| {
        respondent.name.as_deref().into_iter().chain([respondent.external_ref.as_str()])
    });
    let order = submission.order.iter().map(|order| order.order_no.as_str());
    let files = submission.attachments.iter().filter_map(|file| file.name.as_deref());
    complainant.chain(respondents).chain(order).chain(files).filter(|value| !value.is_empty()).collect()
}
