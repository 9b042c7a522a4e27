//! The door: actix-web's `http` 0.2 on one side, `http` 1.x on the other.
//!
//! Both versions have the same grammar of methods, names and values, so nothing is lost in between.

use std::{convert::Infallible, net::IpAddr};

use actix_web::{
    HttpResponse,
    body::{BodyStream, BoxBody},
    dev::RequestHead,
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
};
use bytes::Bytes;
use futures_util::stream;
use jeton_http::{Answer, Head};

/// The head of an actix request. The peer is that of the connection: whether a proxy is believed is the gate's to say.
pub(crate) struct ActixHead<'a>(pub(crate) &'a RequestHead);

impl Head for ActixHead<'_> {
    fn method(&self) -> &str {
        self.0.method.as_str()
    }

    fn query(&self) -> Option<&str> {
        self.0.uri.query()
    }

    fn header(&self, name: &'static str) -> impl Iterator<Item = &[u8]> {
        let values = match name {
            // Those that every request is asked for, without a look-up of the name.
            "authorization" => self.0.headers.get_all(&header::AUTHORIZATION),
            "user-agent" => self.0.headers.get_all(&header::USER_AGENT),
            "x-forwarded-for" => self.0.headers.get_all(&header::X_FORWARDED_FOR),
            name => self.0.headers.get_all(name),
        };
        values.map(HeaderValue::as_bytes)
    }

    fn peer(&self) -> Option<IpAddr> {
        peer(self.0)
    }
}

pub(crate) fn peer(head: &RequestHead) -> Option<IpAddr> {
    head.peer_addr.map(|address| address.ip())
}

/// A method that could not be told becomes one that no route serves.
pub(crate) fn method(method: &Method) -> http::Method {
    http::Method::from_bytes(method.as_str().as_bytes()).unwrap_or(http::Method::TRACE)
}

/// All headers; those that hold credentials are hidden from `Debug`.
pub(crate) fn headers(headers: &HeaderMap) -> http::HeaderMap {
    let mut converted = http::HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let name = http::HeaderName::from_bytes(name.as_str().as_bytes());
        let value = http::HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(mut value)) = (name, value) {
            value.set_sensitive(matches!(name, http::header::AUTHORIZATION | http::header::COOKIE));
            converted.append(name, value);
        }
    }
    converted
}

/// The answer to a request of that method: to `HEAD` the headers of `GET`, its `Content-Length` included, and nothing
/// else (RFC 9110 §9.3.2).
pub(crate) fn response_to(method: &Method, answer: Answer) -> HttpResponse {
    if method != Method::HEAD {
        return response(answer);
    }
    let length = answer.body().len();
    let mut response = response(answer.map(|_| Bytes::new()));
    // actix-http knows only whether the request that it read last was a HEAD, which need not be this one if the client
    // sends several ahead. So the length stands in a header, and the body is a stream that ends at once.
    let nothing = stream::empty::<Result<Bytes, Infallible>>();
    response = response.set_body(BoxBody::new(BodyStream::new(nothing)));
    response.head_mut().no_chunking(true);
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// An answer of `jeton-http` as one of actix-web: for a host that answers with its
/// [`Problem`](jeton_http::Problem)s too.
pub fn response(answer: Answer) -> HttpResponse {
    let (parts, body) = answer.into_parts();
    let status = status(parts.status);
    // RFC 9110 §8.6: no Content-Length with 204.
    let body = if status == StatusCode::NO_CONTENT {
        BoxBody::new(actix_web::body::None::new())
    } else {
        BoxBody::new(body)
    };
    let mut response = HttpResponse::with_body(status, body);
    for (name, value) in &parts.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

pub(crate) fn status(status: http::StatusCode) -> StatusCode {
    StatusCode::from_u16(status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
