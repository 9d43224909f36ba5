use super::{Listening, soon};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// A browser, a phone, or a program: a cookie jar, and perhaps a bearer.
#[derive(Clone)]
pub struct Device {
    /// `http://…` without a path.
    pub base: String,
    /// The HTTP client with the cookies.
    pub client: Client,
    bearer: Option<String>,
}

/// What the service answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON; `null` where it is none.
    pub body: Value,
    /// The body as text.
    pub text: String,
}

impl Answer {
    /// A header's text; empty where it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Fails the test unless the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// Fails the test unless this is a problem with this status and code.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        assert_eq!(
            (self.status.as_u16(), &self.body["code"]),
            (status, &json!(code)),
            "{}",
            self.text
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        self
    }
}

impl Device {
    pub fn new(base: String) -> Self {
        let client = Client::builder().cookie_store(true).no_proxy().build().unwrap();
        Self { base, client, bearer: None }
    }

    /// The same with a bearer credential, and without the cookies.
    pub fn with_bearer(&self, token: &str) -> Self {
        Self { bearer: Some(token.to_owned()), ..Self::new(self.base.clone()) }
    }

    /// A request as this device would make it, for a test to add to.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.bearer {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        soon("an answer", async {
            let response = request.send().await.unwrap();
            let (status, headers) = (response.status(), response.headers().clone());
            let text = response.text().await.unwrap();
            let body = serde_json::from_str(&text).unwrap_or_default();
            Answer { status, headers, body, text }
        })
        .await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// POSTs JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// PUTs JSON.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    /// Presses a button: POSTs an empty form, as a browser does.
    pub async fn press(&self, path: &str) -> Answer {
        let form = [("", ""); 0];
        self.send(self.request(Method::POST, path).header("accept", "text/html").form(&form)).await
    }

    pub async fn sign_up(&self, email: &str, password: &str) -> Answer {
        self.post("/v1/users", &json!({ "email": email, "password": password })).await.expect(202)
    }

    /// Logs in: from now on the device has the session's cookie. The answer holds the tokens.
    pub async fn log_in(&self, email: &str, password: &str) -> Answer {
        self.post("/v1/sessions", &json!({ "email": email, "password": password }))
            .await
            .expect(201)
    }

    /// The user's document.
    pub async fn me(&self) -> Value {
        self.get("/v1/me").await.expect(200).body
    }

    /// The present cursor.
    pub async fn cursor(&self) -> String {
        self.me().await["cursor"].as_str().unwrap().to_owned()
    }

    /// Opens a stream.
    pub async fn listen(&self) -> Listening {
        self.listen_from(None).await
    }

    /// Opens a stream that resumes from a cursor.
    pub async fn listen_from(&self, last_event_id: Option<&str>) -> Listening {
        let mut request = self.request(Method::GET, "/v1/stream");
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        Listening::open(request).await
    }

    /// Parks a poll; it is on its way when this returns, and answered when the handle is.
    pub fn poll(&self, query: &str) -> tokio::task::JoinHandle<Answer> {
        let (device, path) = (self.clone(), format!("/v1/poll?{query}"));
        tokio::spawn(async move {
            let response = device.request(Method::GET, &path).send().await.unwrap();
            let (status, headers) = (response.status(), response.headers().clone());
            let text = response.text().await.unwrap();
            let body = serde_json::from_str(&text).unwrap_or_default();
            Answer { status, headers, body, text }
        })
    }
}
