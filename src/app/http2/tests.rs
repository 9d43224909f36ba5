use super::*;
use crate::clock::HeldClock;
use crate::model::Micros;
use actix_service::fn_service;
use actix_web::HttpResponse;
use actix_web::body::BodyStream;
use actix_web::http::header::{CONNECTION, TRANSFER_ENCODING};
use futures_util::stream::repeat_with;
use h2::client::{self, SendRequest};
use h2::{Reason, RecvStream};
use http_types::StatusCode;
use std::cell::Cell;
use std::convert::Infallible;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;

const HEAD: Duration = Duration::from_secs(5);

/// Counts the requests that are being answered.
struct Under<'a>(&'a Cell<usize>);

impl<'a> Under<'a> {
    fn way(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Under<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Serves one connection: `/park` is never answered, `/stream` never ends, all else is `pong`.
async fn served(wire: DuplexStream, under_way: &Cell<usize>, leaving: watch::Receiver<bool>) {
    let app = fn_service(|request: Request| async move {
        let _one = Under::way(under_way);
        let mut response = HttpResponse::Ok();
        let response = match request.path() {
            "/park" => std::future::pending().await,
            "/stream" => {
                let chunks = repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 1000])));
                response.body(BodyStream::new(chunks))
            }
            _ => response
                .insert_header((CONNECTION, "keep-alive"))
                .insert_header((TRANSFER_ENCODING, "chunked"))
                .body("pong"),
        };
        Ok::<_, HttpResponse>(response.map_into_boxed_body())
    });
    let clock = HeldClock::at(Micros::from_seconds(784_111_777));
    serve(wire, None, Rc::new(app), &clock, leaving, Instant::now() + HEAD).await;
}

/// A client whose streams have room for so many bytes until they are read.
async fn client(wire: DuplexStream, room: u32) -> (SendRequest<Bytes>, JoinHandle<bool>) {
    let mut builder = client::Builder::new();
    builder.initial_window_size(room).initial_max_send_streams(2_000);
    let (requests, connection) = builder.handshake(wire).await.unwrap();
    (requests, tokio::spawn(async move { connection.await.is_ok() }))
}

/// The status of the answer, and its body as it comes.
async fn get(
    requests: &mut SendRequest<Bytes>,
    path: &str,
) -> Result<http_types::Response<RecvStream>, h2::Error> {
    let uri = format!("http://localhost{path}");
    let request = http_types::Request::get(uri).body(()).unwrap();
    let mut ready = requests.clone().ready().await?;
    ready.send_request(request, true)?.0.await
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_a_length_and_a_date_and_nothing_of_http1() {
    let ((ours, theirs), (_stay, left), count) =
        (duplex(65_536), watch::channel(false), Cell::new(0));
    let asked = async {
        let (mut requests, _connection) = client(theirs, 65_535).await;
        get(&mut requests, "/ping").await.unwrap()
    };

    let answer = tokio::select! {
        answer = asked => answer,
        () = served(ours, &count, left) => panic!("it closed"),
    };

    assert_eq!(answer.status(), StatusCode::OK);
    let mut names: Vec<_> = answer.headers().keys().map(ToString::to_string).collect();
    names.sort();
    assert_eq!(names, ["content-length", "date"]);
    assert_eq!(answer.headers()["date"], "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(answer.headers()["content-length"], "4");
}

#[tokio::test(start_paused = true)]
async fn half_a_beginning_is_not_waited_for() {
    let ((ours, mut theirs), (_stay, left), count) =
        (duplex(65_536), watch::channel(false), Cell::new(0));
    theirs.write_all(b"PRI * HTTP/2.0\r\n").await.unwrap();
    let began = Instant::now();

    served(ours, &count, left).await;

    assert_eq!(began.elapsed(), HEAD);
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_nothing_is_told_to_go_and_cut_where_it_does_not() {
    for answers in [true, false] {
        let ((ours, mut theirs), (_stay, left), count) =
            (duplex(65_536), watch::channel(false), Cell::new(0));
        let client = async {
            if answers {
                let (_requests, connection) = client(theirs, 65_535).await;
                assert!(connection.await.unwrap(), "it was told, and went in peace");
            } else {
                theirs.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
                // An empty frame of settings, and then not a word.
                theirs.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
                theirs.read_to_end(&mut Vec::new()).await.unwrap();
            }
        };
        let began = Instant::now();

        tokio::join!(served(ours, &count, left), client);

        let after = if answers { IDLE } else { IDLE + LAST_WORDS };
        assert!(began.elapsed() >= after, "{:?}", began.elapsed());
        assert!(began.elapsed() < after + Duration::from_millis(10), "{:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_leaves_says_so_and_answers_what_it_was_asked() {
    let ((ours, theirs), (stay, left), count) =
        (duplex(65_536), watch::channel(false), Cell::new(0));
    let client = async {
        let (mut requests, connection) = client(theirs, 65_535).await;
        let mut stream = get(&mut requests, "/stream").await.unwrap().into_body();
        stay.send_replace(true);
        while get(&mut requests, "/ping").await.is_ok() {}
        let chunk = stream.data().await.unwrap();
        drop((stream, requests));
        assert!(connection.await.unwrap());
        chunk
    };

    let ((), chunk) = tokio::join!(served(ours, &count, left), client);

    assert!(chunk.is_ok(), "what was open stays so");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_ends_at_once() {
    let ((ours, theirs), (_stay, left), count) =
        (duplex(65_536), watch::channel(false), Cell::new(0));
    let client = async {
        let (mut requests, connection) = client(theirs, 65_535).await;
        let mut parked = Vec::new();
        for _ in 0..10 {
            let request = http_types::Request::get("http://localhost/park").body(()).unwrap();
            requests = requests.ready().await.unwrap();
            parked.push(requests.send_request(request, true).unwrap());
        }
        get(&mut requests, "/ping").await.unwrap();
        assert_eq!(count.get(), 10);

        parked.truncate(3);
        get(&mut requests, "/ping").await.unwrap();
        assert_eq!(count.get(), 3, "those that are left");

        connection.abort();
    };

    let began = Instant::now();
    tokio::join!(served(ours, &count, left), client);

    assert_eq!(count.get(), 0, "and none once the client is gone");
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_gives_no_room_loses_its_stream_and_nobody_elses() {
    let ((ours, theirs), (_stay, left), count) =
        (duplex(65_536), watch::channel(false), Cell::new(0));
    let client = async {
        let (mut requests, _connection) = client(theirs, 100).await;
        let mut stalled = get(&mut requests, "/stream").await.unwrap().into_body();
        let mut read = get(&mut requests, "/stream").await.unwrap().into_body();
        let began = Instant::now();
        let mut seen = 0;
        while began.elapsed() < Duration::from_secs(30) {
            let chunk = read.data().await.unwrap().unwrap();
            seen += chunk.len();
            read.flow_control().release_capacity(chunk.len()).unwrap();
            sleep(Duration::from_millis(500)).await;
        }
        assert!(seen > 1_000, "{seen}");
        let first = stalled.data().await.unwrap().unwrap();
        assert_eq!(first.len(), 100, "what there was room for");
        stalled.data().await.unwrap().unwrap_err()
    };

    let error = tokio::select! {
        error = client => error,
        () = served(ours, &count, left) => panic!("it closed"),
    };

    assert_eq!(error.reason(), Some(Reason::CANCEL));
}
