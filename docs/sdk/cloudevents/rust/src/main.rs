// Two facts by the CloudEvents SDK for Rust, structured, in one batch.
use cloudevents::{EventBuilder, EventBuilderV10};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("TOCSIN_URL").unwrap_or("http://127.0.0.1:8080".into());
    let mut events = vec![];
    for (verb, data) in [
        ("opened", json!({"priority": "P2", "title": "冲压线 2 停机"})),
        ("progressed", json!({"note": "备件已到"})),
    ] {
        events.push(
            EventBuilderV10::new()
                .id(uuid::Uuid::new_v4().to_string())
                .source("/examples/rust-sdk")
                .ty(format!("tocsin.ticket.{verb}"))
                .time(chrono::Utc::now()) // it sets none by itself
                .subject("RUST-2")
                .extension("partitionkey", "钱江电机")
                .data("application/json", data)
                .build()?,
        );
    }
    let mut request = ureq::post(&format!("{url}/v1/events"))
        .set("content-type", "application/cloudevents-batch+json");
    if let Ok(token) = std::env::var("TOCSIN_TOKEN") {
        request = request.set("authorization", &format!("Bearer {token}"));
    }
    let answer = request.send_string(&serde_json::to_string(&events)?)?; // 400, 401 and 503 are errors
    println!("{} {}", answer.status(), answer.into_string()?);
    Ok(())
}
