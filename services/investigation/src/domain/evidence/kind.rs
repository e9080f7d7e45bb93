//! What a piece of evidence can be (domain.md 5).

use redress_domain::coded_enum;

coded_enum! {
    /// What a piece of evidence is.
    EvidenceType {
        /// The order as the platform holds it.
        OrderRecord = "order_record",
        /// The product page as it was at the time of the order (L32).
        ProductPageSnapshot = "product_page_snapshot",
        /// What was promised: delivery, return, guarantee.
        ServicePromise = "service_promise",
        /// A payment as the platform holds it.
        PaymentRecord = "payment_record",
        /// Where the parcel was and when.
        LogisticsTrace = "logistics_trace",
        /// A photograph taken at delivery.
        DeliveryPhoto = "delivery_photo",
        /// Who signed for the parcel and when.
        SignForRecord = "sign_for_record",
        /// What left the warehouse: weight, count, photograph.
        OutboundRecord = "outbound_record",
        /// A report of quality control.
        QcReport = "qc_report",
        /// A report of an independent laboratory.
        ThirdPartyTestReport = "third_party_test_report",
        /// Messages between the parties, or with customer service.
        ChatLog = "chat_log",
        /// A recorded call.
        CallRecording = "call_recording",
        /// A photograph by the complainant.
        ComplainantPhoto = "complainant_photo",
        /// A video by the complainant.
        ComplainantVideo = "complainant_video",
        /// A video of the parcel being opened.
        UnboxingVideo = "unboxing_video",
        /// A screenshot.
        Screenshot = "screenshot",
        /// Part of a live session: room, start, end, hash of the media.
        LiveReplaySegment = "live_replay_segment",
        /// What was said in it.
        LiveWordingTranscript = "live_wording_transcript",
        /// Comments, lotteries and the like in it.
        LiveInteraction = "live_interaction",
        /// How the product was vetted before it was promoted (L36).
        ProductVettingRecord = "product_vetting_record",
        /// A licence or certificate.
        Certificate = "certificate",
        /// An invoice.
        Invoice = "invoice",
        /// What a price or a reduction is based on.
        PriceBasis = "price_basis",
        /// The merchant's statement.
        MerchantStatement = "merchant_statement",
        /// The anchor's statement.
        AnchorStatement = "anchor_statement",
        /// A witness's statement.
        WitnessStatement = "witness_statement",
        /// An identity document; kept apart (L53).
        IdentityDocument = "identity_document",
        /// A power of attorney.
        Mandate = "mandate",
        /// A bank's record; kept apart (L53).
        BankRecord = "bank_record",
        /// What happened on an account.
        AccountLog = "account_log",
        /// Devices and logins.
        LoginLog = "login_log",
        /// A contract, or a rule in the version of the day.
        RuleVersion = "rule_version",
        /// An earlier case.
        PriorCase = "prior_case",
        /// An authority's document.
        RegulatorDocument = "regulator_document",
        /// The decision of a court or another body.
        ExternalDecision = "external_decision",
        /// What was found when returned goods were inspected.
        ReturnParcelInspection = "return_parcel_inspection",
        /// Anything else.
        Other = "other",
        /// The account behind a live room: operator, anchor, agency (L32).
        LiveAccount = "live_account",
        /// Returns and exchanges of the order (L32).
        ReturnRecord = "return_record",
        /// After-sales service of the order (L32).
        AfterSalesRecord = "after_sales_record",
    }
}
