//! The platform's records of orders and live sessions. What it holds of an order follows from its number and the seed.

use jiff::{SignedDuration, Timestamp};
use redress_proto::convert::to_wire_time;
use redress_proto::investigation::v1 as wire;
use redress_proto::investigation::v1::EvidenceType as Kind;
use redress_proto::investigation::v1::platform_data_provider_service_server::{
    PlatformDataProviderService, PlatformDataProviderServiceServer,
};
use serde_json::{Value, json};
use tonic::{Request, Response, Status};

use super::now;
use crate::dice::throw;

/// The records.
#[derive(Debug, Clone)]
pub struct PlatformData {
    seed: u64,
}

impl PlatformData {
    /// Those of this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    pub(super) fn service(&self) -> PlatformDataProviderServiceServer<Self> {
        PlatformDataProviderServiceServer::new(self.clone())
    }

    /// How many days ago the order was signed for.
    fn signed(&self, order: &str, now: Timestamp) -> Timestamp {
        let hours = 24 + throw(self.seed, order, 72);
        now - SignedDuration::from_hours(i64::try_from(hours).unwrap_or(24))
    }
}

fn record(kind: Kind, source: &str, now: Timestamp, content: &Value) -> wire::PlatformRecord {
    wire::PlatformRecord {
        r#type: kind.into(),
        source_system: source.to_owned(),
        obtained_at: Some(to_wire_time(now)),
        media_type: "application/json".to_owned(),
        content: content.to_string().into_bytes(),
        ..wire::PlatformRecord::default()
    }
}

fn event(at: Timestamp, code: &str) -> wire::PlatformEvent {
    wire::PlatformEvent { at: Some(to_wire_time(at)), code: code.to_owned() }
}

/// Whether anybody can have such an order: platforms answer that they have none, too.
fn known(order: &str) -> Result<(), Status> {
    if order.is_empty() { Err(Status::not_found("no such order")) } else { Ok(()) }
}

#[tonic::async_trait]
impl PlatformDataProviderService for PlatformData {
    async fn get_order(
        &self,
        request: Request<wire::GetOrderRequest>,
    ) -> Result<Response<wire::GetOrderResponse>, Status> {
        let (order, now) = (request.into_inner().order_no, now());
        known(&order)?;
        let signed = self.signed(&order, now);
        let paid = signed - SignedDuration::from_hours(48);
        let mut first = record(Kind::OrderRecord, "orders", now, &json!({"order": order, "lines": 1}));
        first.events = vec![event(paid, "order_paid"), event(signed, "parcel_signed")];
        let page = json!({"title": "as it was shown", "material": "as it was told"});
        let promises = json!({"return_days": 7, "dispatch_hours": 48});
        let records = vec![
            first,
            record(Kind::ProductPageSnapshot, "catalogue", now, &page),
            record(Kind::ServicePromise, "catalogue", now, &promises),
        ];
        Ok(Response::new(wire::GetOrderResponse { records }))
    }

    async fn get_live_segment(
        &self,
        request: Request<wire::GetLiveSegmentRequest>,
    ) -> Result<Response<wire::GetLiveSegmentResponse>, Status> {
        let (request, now) = (request.into_inner(), now());
        if request.room_id.is_empty() {
            return Err(Status::not_found("no such room"));
        }
        let account = json!({"room": request.room_id, "operator": "sim-operator", "agency": "sim-agency"});
        let spoken = json!({"room": request.room_id, "words": ["full-grain leather", "last two hundred"]});
        let records = vec![
            record(Kind::LiveAccount, "live", now, &account),
            record(Kind::LiveWordingTranscript, "live", now, &spoken),
        ];
        Ok(Response::new(wire::GetLiveSegmentResponse { records }))
    }

    async fn get_chat_log(
        &self,
        request: Request<wire::GetChatLogRequest>,
    ) -> Result<Response<wire::GetChatLogResponse>, Status> {
        let order = request.into_inner().order_no;
        known(&order)?;
        let chat = json!({"order": order, "messages": ["when will it be put right?", "we look into it"]});
        Ok(Response::new(wire::GetChatLogResponse {
            records: vec![record(Kind::ChatLog, "chat", now(), &chat)],
        }))
    }

    async fn get_payment(
        &self,
        request: Request<wire::GetPaymentRequest>,
    ) -> Result<Response<wire::GetPaymentResponse>, Status> {
        let order = request.into_inner().order_no;
        known(&order)?;
        let paid = json!({"order": order, "method": "balance", "refunds": []});
        let records = vec![record(Kind::PaymentRecord, "payments", now(), &paid)];
        Ok(Response::new(wire::GetPaymentResponse { records }))
    }

    async fn get_logistics(
        &self,
        request: Request<wire::GetLogisticsRequest>,
    ) -> Result<Response<wire::GetLogisticsResponse>, Status> {
        let (order, now) = (request.into_inner().order_no, now());
        known(&order)?;
        let trace =
            json!({"order": order, "carrier": "sim-carrier", "signed": self.signed(&order, now).to_string()});
        let records = vec![record(Kind::LogisticsTrace, "logistics", now, &trace)];
        Ok(Response::new(wire::GetLogisticsResponse { records }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_platform_holds_of_an_order_follows_from_its_number() {
        let (one, other) = (PlatformData::new(1), PlatformData::new(2));
        let now = "2026-11-25T02:00:00Z".parse().unwrap();
        let signed =
            |data: &PlatformData| (0..20).map(|n| data.signed(&n.to_string(), now)).collect::<Vec<_>>();
        assert_eq!(signed(&one), signed(&one));
        assert_ne!(signed(&one), signed(&other));
        assert!(signed(&one).iter().all(|signed| *signed < now));
    }

    #[tokio::test]
    async fn an_unknown_order_is_no_order() {
        let asked = Request::new(wire::GetOrderRequest::default());
        let answer = PlatformData::new(1).get_order(asked).await;
        assert_eq!(answer.unwrap_err().code(), tonic::Code::NotFound);
    }
}
