//! The platform's own systems, over gRPC.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use redress_proto::convert::{from_wire_time, to_wire_time};
use redress_proto::investigation::v1 as wire;
use redress_proto::investigation::v1::platform_data_provider_service_client::PlatformDataProviderServiceClient;
use redress_runtime::grpc::{TracedChannel, connect};
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status};

use crate::domain::records::Question;
use crate::store::case::CaseFile;

/// The largest answer.
const ANSWER_BYTES: usize = 32 * 1024 * 1024;
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
const KEEPALIVE: Duration = Duration::from_secs(20);

/// Why there is no answer. The texts are ours: the platform's may quote anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Asking again may help.
    Again(&'static str),
    /// It will not.
    Never(&'static str),
}

/// How much of a live session is asked for around the moment complained of.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Before it.
    pub before: SignedDuration,
    /// After it.
    pub after: SignedDuration,
}

/// The platform. Clones share the connection.
#[derive(Clone)]
pub struct Platform {
    client: PlatformDataProviderServiceClient<TracedChannel>,
    limit: Duration,
    window: Window,
}

impl Platform {
    /// The platform at `endpoint`; nothing is connected before the first question.
    pub fn new(endpoint: Endpoint, limit: Duration, window: Window) -> Self {
        let endpoint = endpoint
            .connect_timeout(CONNECT_LIMIT)
            .timeout(limit)
            .http2_keep_alive_interval(KEEPALIVE)
            .keep_alive_while_idle(true);
        let client = PlatformDataProviderServiceClient::new(connect(&endpoint))
            .max_decoding_message_size(ANSWER_BYTES);
        Self { client, limit, window }
    }

    /// How long one question may take.
    pub const fn limit(&self) -> Duration {
        self.limit
    }

    /// Asks a question about a case.
    pub(super) async fn ask(
        &self,
        question: Question,
        file: &CaseFile,
    ) -> Result<Vec<wire::PlatformRecord>, Failure> {
        match tokio::time::timeout(self.limit, self.call(question, file)).await {
            Ok(Ok(records)) => Ok(records),
            Ok(Err(status)) => failure(&status),
            Err(_) => Err(Failure::Again("it took too long")),
        }
    }

    async fn call(&self, question: Question, file: &CaseFile) -> Result<Vec<wire::PlatformRecord>, Status> {
        let mut client = self.client.clone();
        let (tenant, complaint_id) = (file.tenant.to_string(), file.id.to_string());
        let order_no = file.submission.order.as_ref().map(|order| order.order_no.clone()).unwrap_or_default();
        let limited = self.limit;
        Ok(match question {
            Question::Order => {
                let request = wire::GetOrderRequest { tenant, complaint_id, order_no };
                client.get_order(within(limited, request)).await?.into_inner().records
            }
            Question::ChatLog => {
                let request = wire::GetChatLogRequest { tenant, complaint_id, order_no };
                client.get_chat_log(within(limited, request)).await?.into_inner().records
            }
            Question::Payment => {
                let request = wire::GetPaymentRequest { tenant, complaint_id, order_no };
                client.get_payment(within(limited, request)).await?.into_inner().records
            }
            Question::Logistics => {
                let request = wire::GetLogisticsRequest { tenant, complaint_id, order_no };
                client.get_logistics(within(limited, request)).await?.into_inner().records
            }
            Question::LiveSegment => {
                let request = self.segment(tenant, complaint_id, file);
                client.get_live_segment(within(limited, request)).await?.into_inner().records
            }
        })
    }

    fn segment(&self, tenant: String, complaint_id: String, file: &CaseFile) -> wire::GetLiveSegmentRequest {
        let live = file.submission.live.clone().unwrap_or_default();
        let started_at = live.started_at.as_ref().and_then(|at| from_wire_time(at).ok());
        // Without the session's beginning the moment of the complaint is the best there is.
        let moment = started_at.map_or(file.case.received_at, |at| {
            at.saturating_add(SignedDuration::from_millis(live.offset_ms.into())).unwrap_or(at)
        });
        let from = moment.saturating_sub(self.window.before).unwrap_or(Timestamp::MIN);
        let to = moment.saturating_add(self.window.after).unwrap_or(Timestamp::MAX);
        wire::GetLiveSegmentRequest {
            tenant,
            complaint_id,
            room_id: live.room_id,
            session_id: live.session_id,
            from: Some(to_wire_time(from)),
            to: Some(to_wire_time(to)),
        }
    }
}

fn within<T>(limit: Duration, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(limit);
    request
}

/// That there is no such thing is an answer; see the contract.
fn failure(status: &Status) -> Result<Vec<wire::PlatformRecord>, Failure> {
    match status.code() {
        Code::NotFound => Ok(Vec::new()),
        Code::InvalidArgument => Err(Failure::Never("the question does not fit")),
        Code::Unimplemented => Err(Failure::Never("the platform does not answer such questions")),
        Code::PermissionDenied => Err(Failure::Never("the platform refuses")),
        Code::DeadlineExceeded | Code::Cancelled => Err(Failure::Again("it took too long")),
        Code::Unavailable => Err(Failure::Again("it is away")),
        _ => Err(Failure::Again("it failed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_found_is_an_answer_and_what_may_pass_is_asked_again() {
        let of = |code| failure(&Status::new(code, "quotes something"));
        assert_eq!(of(Code::NotFound), Ok(vec![]));
        for code in [Code::InvalidArgument, Code::Unimplemented, Code::PermissionDenied] {
            assert!(matches!(of(code), Err(Failure::Never(_))), "{code:?}");
        }
        for code in [
            Code::Unavailable,
            Code::Internal,
            Code::Unknown,
            Code::ResourceExhausted,
            Code::DeadlineExceeded,
        ] {
            assert!(matches!(of(code), Err(Failure::Again(_))), "{code:?}");
        }
    }
}
