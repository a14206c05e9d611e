//! Connections: accepting them, TLS, HTTP/1.1 and HTTP/2, the times they may take, and their end.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::pin::pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto::Builder;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;

use crate::server::faults::Faulty;
use crate::server::limits::Limits;

/// How long to wait after a connection could not be accepted, which is mostly a want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers connections until `shutdown`; then lets what is under way end, for a bounded time.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    service: Faulty,
    limits: Arc<Limits>,
    shutdown: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let (ending, ends) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let place = tokio::select! {
            () = &mut shutdown => break,
            place = places.clone().acquire_owned() => place.expect("the semaphore is never closed"),
        };
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {} // Those that ended, whatever with: a panic is theirs alone.
        match accepted {
            Ok((stream, _)) => {
                let (tls, service, limits, ends) = (tls.clone(), service.clone(), limits.clone(), ends.clone());
                connections.spawn(async move {
                    let _place = place;
                    connection(stream, tls, service, limits, ends).await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    // Nobody listens any more only when there is no connection left.
    let _ = ending.send(true);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.shutdown_time, all).await.is_err() {
        tracing::warn!("requests that took too long to end were cut off");
        connections.shutdown().await;
    }
}

async fn connection(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    service: Faulty,
    limits: Arc<Limits>,
    ends: watch::Receiver<bool>,
) {
    // Answers are written whole; waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else { return exchange(stream, service, limits, ends).await };
    match tokio::time::timeout(limits.header_time, tls.accept(stream)).await {
        Ok(Ok(stream)) => exchange(stream, service, limits, ends).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn exchange<S>(stream: S, service: Faulty, limits: Arc<Limits>, mut ends: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(Lively::new(stream, limits.idle_time));
    let answer = service_fn(move |request: hyper::Request<Incoming>| service.clone().answer(request.map(Body::new)));
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_buf_size(limits.header_bytes.max(8192)); // What hyper asks for at least.
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(limits.streams_http2);
    let mut connection = pin!(builder.serve_connection(io, answer));
    // The sender tells once; where it is gone the server is gone too.
    let ending = async { drop(ends.wait_for(|ending| *ending).await) };
    let done = tokio::select! {
        done = connection.as_mut() => Some(done),
        () = ending => None,
    };
    let done = match done {
        Some(done) => done,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = done {
        tracing::debug!(error, "a connection ended early");
    }
}

/// A stream that fails after a while without a byte to either side.
struct Lively<S> {
    stream: S,
    idle: Duration,
    end: Pin<Box<Sleep>>,
}

impl<S> Lively<S> {
    fn new(stream: S, idle: Duration) -> Self {
        Self { stream, idle, end: Box::pin(tokio::time::sleep(idle)) }
    }

    /// Something moved, or nothing did for too long.
    fn watch<T>(&mut self, polled: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            let end = Instant::now() + self.idle;
            self.end.as_mut().reset(end);
            return polled;
        }
        match self.end.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lively<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.watch(polled, context)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Lively<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(polled, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        self.watch(polled, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.watch(polled, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
