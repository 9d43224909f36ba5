//! R24: a handler that panics fails its own request and no other.

use super::support::{Device, soon};
use actix_web::middleware::from_fn;
use actix_web::web::{self, resource};
use actix_web::{App, HttpResponse, HttpServer};
use actix_web_lab::middleware::CatchPanic;
use afterclick::http::around;

async fn panics() -> HttpResponse {
    panic!("the poisoned row");
}

async fn well() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r24_a_panic_is_500_for_its_own_request() {
    let app = || {
        App::new()
            .wrap(CatchPanic::default())
            .wrap(from_fn(around))
            .service(resource("/panics/{token}").route(web::get().to(panics)))
            .service(resource("/well").route(web::get().to(well)))
    };
    let server = HttpServer::new(app).workers(1).bind("127.0.0.1:0").unwrap();
    let device = Device::new(format!("http://{}", server.addrs()[0]));
    let server = server.disable_signals().run();
    let handle = server.handle();
    let running = tokio::spawn(server);

    for _ in 0..5 {
        let request = device.request(reqwest::Method::GET, "/panics/s3cr3t");
        let answer = device.send(request.header("x-request-id", "mine")).await;
        let answer = answer.expect_problem(500, "internal");
        assert_eq!(answer.header("x-request-id"), "mine");
        assert!(!answer.text.contains("poisoned"), "{}", answer.text);
        device.get("/well").await.expect(200);
    }

    soon("the stop", handle.stop(false)).await;
    soon("the end", running).await.unwrap().unwrap();
}
