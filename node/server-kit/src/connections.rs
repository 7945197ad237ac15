//! Connections, within bounds: a limited number at once, and none that is kept open by sending or reading
//! nothing.
//!
//! hyper's own time-outs cannot be set through axum, so they are kept here, around the socket:
//!
//! - a request's headers have to be complete within a time from their first byte;
//! - a connection on which no request is worked on, and on which nothing moves, is closed;
//! - a caller that does not take what is sent to it is given up;
//! - HTTP/2 is refused: these bounds are those of a connection with one request at a time, and hyper would
//!   speak it with whoever begins to. A proxy in front can speak it with callers.

use std::{
	future::Future,
	io,
	net::SocketAddr,
	pin::Pin,
	sync::{
		atomic::{AtomicUsize, Ordering},
		Arc, Mutex, MutexGuard, PoisonError,
	},
	task::{ready, Context, Poll},
	time::Duration,
};

use axum::{
	extract::{connect_info::Connected, ConnectInfo, Request},
	middleware::Next,
	response::Response,
	serve::{IncomingStream, Listener},
};
use tokio::{
	io::{AsyncRead, AsyncWrite, ReadBuf},
	net::{TcpListener, TcpStream},
	sync::{OwnedSemaphorePermit, Semaphore},
	time::{sleep_until, Instant, Sleep},
};

/// Bounds of connections.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
	/// Connections at once; more wait to be accepted.
	pub most: usize,
	/// The time that a request's headers may take. Longer than the pause between two signs of life in a
	/// streamed answer, which is 15 seconds.
	pub headers: Duration,
	/// The time that a connection may be idle.
	pub idle: Duration,
	/// The time that a caller may take nothing of what is sent to it.
	pub stalled: Duration,
}

impl Default for ConnectionLimits {
	fn default() -> Self {
		Self {
			most: 4_096,
			headers: Duration::from_secs(20),
			idle: Duration::from_secs(75),
			stalled: Duration::from_secs(60),
		}
	}
}

/// The beginning of every HTTP/2 connection, and of no HTTP/1 request.
const HTTP2: &[u8] = b"PRI * HTTP/2.0";

/// Accepts connections within bounds.
pub(crate) struct Limited<L> {
	inner: L,
	limits: ConnectionLimits,
	room: Arc<Semaphore>,
}

impl Limited<TcpListener> {
	/// Accepts what comes to `inner`. The service has to know its connections, as [`OnConnection`], and
	/// [`note`] its requests.
	pub(crate) fn new(inner: TcpListener, limits: ConnectionLimits) -> Self {
		let most = limits.most.clamp(1, Semaphore::MAX_PERMITS);
		Self { inner, limits, room: Arc::new(Semaphore::new(most)) }
	}
}

impl Listener for Limited<TcpListener> {
	type Io = Connection<TcpStream>;
	type Addr = SocketAddr;

	async fn accept(&mut self) -> (Self::Io, Self::Addr) {
		loop {
			// Nobody closes this semaphore.
			let Ok(place) = self.room.clone().acquire_owned().await else {
				std::future::pending::<()>().await;
				continue;
			};
			let (stream, address) = Listener::accept(&mut self.inner).await;
			// Pieces of a streamed answer are small, and are to go out at once.
			if let Err(error) = stream.set_nodelay(true) {
				tracing::debug!(%error, "a connection that is gone already");
			}
			return (Connection::new(stream, self.limits, Some(place)), address);
		}
	}

	fn local_addr(&self) -> io::Result<SocketAddr> {
		self.inner.local_addr()
	}
}

/// The state that a connection and the requests on it share.
#[derive(Clone, Debug)]
pub(crate) struct OnConnection(Arc<Shared>);

#[derive(Debug)]
struct Shared {
	/// Requests that are being answered, until their answer begins.
	requests: AtomicUsize,
	times: Mutex<Times>,
}

#[derive(Debug)]
struct Times {
	/// The moment when something last moved, in either direction.
	moved: Instant,
	/// The moment when headers began to come, if they do.
	headers: Option<Instant>,
	/// Since when nothing of what is to be sent is taken.
	stalled: Option<Instant>,
}

impl Shared {
	fn times(&self) -> MutexGuard<'_, Times> {
		self.times.lock().unwrap_or_else(PoisonError::into_inner)
	}
}

/// A request that is being answered.
struct Answering(Arc<Shared>);

impl Drop for Answering {
	fn drop(&mut self) {
		let mut times = self.0.times();
		times.moved = Instant::now();
		times.headers = None;
		self.0.requests.fetch_sub(1, Ordering::AcqRel);
	}
}

impl Connected<IncomingStream<'_, Limited<TcpListener>>> for OnConnection {
	fn connect_info(stream: IncomingStream<'_, Limited<TcpListener>>) -> Self {
		Self(stream.io().shared.clone())
	}
}

/// Tells the connection that a request's headers are here, and that it is being answered.
pub(crate) async fn note(request: Request, next: Next) -> Response {
	let on = request.extensions().get::<ConnectInfo<OnConnection>>();
	let _answering = on.map(|ConnectInfo(OnConnection(shared))| {
		shared.requests.fetch_add(1, Ordering::AcqRel);
		shared.times().headers = None;
		Answering(shared.clone())
	});
	next.run(request).await
}

/// A connection that is given up where it is kept for nothing.
#[derive(Debug)]
pub(crate) struct Connection<S> {
	stream: S,
	limits: ConnectionLimits,
	shared: Arc<Shared>,
	timer: Pin<Box<Sleep>>,
	/// The length of what has come of the beginning of HTTP/2, as long as nothing else has.
	http2: Option<usize>,
	_place: Option<OwnedSemaphorePermit>,
}

impl<S> Connection<S> {
	fn new(stream: S, limits: ConnectionLimits, place: Option<OwnedSemaphorePermit>) -> Self {
		let now = Instant::now();
		let times = Times { moved: now, headers: None, stalled: None };
		let shared = Shared { requests: AtomicUsize::new(0), times: Mutex::new(times) };
		let timer = Box::pin(sleep_until(now + limits.headers));
		Self { stream, limits, shared: Arc::new(shared), timer, http2: Some(0), _place: place }
	}

	/// The moment when the connection has to be given up, as things are.
	fn deadline(&self) -> Option<Instant> {
		let times = self.shared.times();
		let stalled = times.stalled.map(|since| since + self.limits.stalled);
		let waiting = match (self.shared.requests.load(Ordering::Acquire), times.headers) {
			(0, Some(since)) => Some(since + self.limits.headers),
			(0, None) => Some(times.moved + self.limits.idle),
			_ => None,
		};
		match (stalled, waiting) {
			(Some(one), Some(other)) => Some(one.min(other)),
			(one, other) => one.or(other),
		}
	}

	/// Fails when time is up; else the task is woken when it will be.
	fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
		loop {
			// While a request is worked on there is no deadline; it has its own. It is checked again
			// from time to time, because nothing else wakes this up when that ends.
			let deadline = self.deadline().unwrap_or_else(|| Instant::now() + self.limits.idle);
			if deadline <= Instant::now() {
				return Err(io::Error::new(io::ErrorKind::TimedOut, "the other side is too slow"));
			}
			if self.timer.deadline() != deadline {
				self.timer.as_mut().reset(deadline);
			}
			if self.timer.as_mut().poll(cx).is_pending() {
				return Ok(());
			}
		}
	}

	/// Fails where the other side begins to speak HTTP/2.
	fn refuse_http2(&mut self, came: &[u8]) -> io::Result<()> {
		let Some(so_far) = self.http2 else { return Ok(()) };
		let rest = HTTP2.get(so_far..).unwrap_or_default();
		let (rest, came) = (rest.iter(), came.iter());
		let same = rest.clone().zip(came.clone()).take_while(|(one, other)| one == other).count();
		if same == rest.len() {
			return Err(io::Error::new(io::ErrorKind::InvalidData, "HTTP/2 is not spoken here"));
		}
		self.http2 = (same == came.len()).then_some(so_far.saturating_add(same));
		Ok(())
	}

	fn note_written(&self, written: &Poll<io::Result<usize>>) {
		let now = Instant::now();
		let mut times = self.shared.times();
		match written {
			Poll::Pending => {
				times.stalled.get_or_insert(now);
			}
			Poll::Ready(_) => {
				times.stalled = None;
				times.moved = now;
				// Headers that come while an answer goes out have their time after it.
				times.headers = times.headers.map(|_| now);
			}
		}
	}
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
	fn poll_read(
		mut self: Pin<&mut Self>,
		cx: &mut Context<'_>,
		buffer: &mut ReadBuf<'_>,
	) -> Poll<io::Result<()>> {
		let before = buffer.filled().len();
		match Pin::new(&mut self.stream).poll_read(cx, buffer) {
			Poll::Ready(result) => {
				if buffer.filled().len() > before {
					let now = Instant::now();
					let mut times = self.shared.times();
					times.moved = now;
					if self.shared.requests.load(Ordering::Acquire) == 0 {
						times.headers.get_or_insert(now);
					}
				}
				let came = buffer.filled().get(before..).unwrap_or_default();
				// Who sends a byte from time to time is not pending, and still too slow.
				if let Err(error) = self.refuse_http2(came).and_then(|()| self.check(cx)) {
					// Who fails has read nothing.
					buffer.set_filled(before);
					return Poll::Ready(Err(error));
				}
				Poll::Ready(result)
			}
			Poll::Pending => {
				self.check(cx)?;
				Poll::Pending
			}
		}
	}
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
	fn poll_write(
		mut self: Pin<&mut Self>,
		cx: &mut Context<'_>,
		bytes: &[u8],
	) -> Poll<io::Result<usize>> {
		let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
		self.note_written(&written);
		if written.is_pending() {
			self.check(cx)?;
		}
		written
	}

	fn poll_write_vectored(
		mut self: Pin<&mut Self>,
		cx: &mut Context<'_>,
		pieces: &[io::IoSlice<'_>],
	) -> Poll<io::Result<usize>> {
		let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
		self.note_written(&written);
		if written.is_pending() {
			self.check(cx)?;
		}
		written
	}

	fn is_write_vectored(&self) -> bool {
		self.stream.is_write_vectored()
	}

	fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
		let flushed = ready!(Pin::new(&mut self.stream).poll_flush(cx));
		Poll::Ready(flushed)
	}

	fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
		Pin::new(&mut self.stream).poll_shutdown(cx)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use tokio::io::{duplex, AsyncReadExt, AsyncWriteExt, DuplexStream};

	fn connection(buffer: usize) -> (Connection<DuplexStream>, DuplexStream) {
		let limits = ConnectionLimits {
			most: 1,
			headers: Duration::from_millis(100),
			idle: Duration::from_millis(300),
			stalled: Duration::from_millis(100),
		};
		let (ours, theirs) = duplex(buffer);
		(Connection::new(ours, limits, None), theirs)
	}

	fn is_late<T: std::fmt::Debug>(result: io::Result<T>) {
		assert_eq!(result.expect_err("it is given up").kind(), io::ErrorKind::TimedOut);
	}

	#[tokio::test]
	async fn who_says_nothing_is_given_up() {
		let (mut connection, _theirs) = connection(64);
		let began = Instant::now();
		is_late(connection.read_u8().await);
		assert!(began.elapsed() >= Duration::from_millis(300));
	}

	#[tokio::test]
	async fn headers_that_trickle_in_are_given_up() {
		let (mut connection, mut theirs) = connection(64);
		let slow = tokio::spawn(async move {
			while theirs.write_u8(b'x').await.is_ok() {
				tokio::time::sleep(Duration::from_millis(20)).await;
			}
		});
		let began = Instant::now();
		let late = loop {
			if let Err(late) = connection.read_u8().await {
				break late;
			}
			assert!(began.elapsed() < Duration::from_secs(20));
		};
		assert_eq!(late.kind(), io::ErrorKind::TimedOut);
		drop(connection);
		slow.await.expect("no panic");
	}

	#[tokio::test]
	async fn a_request_that_is_worked_on_has_time() {
		let (mut connection, mut theirs) = connection(64);
		theirs.write_u8(b'x').await.expect("it is open");
		connection.read_u8().await.expect("it is here");
		let shared = connection.shared.clone();
		shared.requests.fetch_add(1, Ordering::AcqRel);
		shared.times().headers = None;
		let answering = Answering(shared);
		let longer = Duration::from_millis(700);
		let waited = tokio::time::timeout(longer, connection.read_u8()).await;
		assert!(waited.is_err(), "it waits as long as that takes: {waited:?}");
		drop(answering);
		is_late(connection.read_u8().await);
	}

	#[tokio::test]
	async fn http2_is_refused_however_it_comes() {
		let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
		for piece in [1, 5, 14, preface.len()] {
			let (mut connection, mut theirs) = connection(64);
			for bytes in preface.chunks(piece) {
				theirs.write_all(bytes).await.expect("there is room");
			}
			let mut all = Vec::new();
			let refused = connection.read_to_end(&mut all).await.expect_err("it is refused");
			assert_eq!(refused.kind(), io::ErrorKind::InvalidData, "{piece}");
		}
		for request in ["POST / HTTP/1.1", "PRI * HTTP/1.1", "P", "PRI * HTTP/2", ""] {
			let (mut connection, mut theirs) = connection(64);
			theirs.write_all(request.as_bytes()).await.expect("there is room");
			drop(theirs);
			let mut all = String::new();
			connection.read_to_string(&mut all).await.expect("it is let through");
			assert_eq!(all, request);
		}
	}

	#[tokio::test]
	async fn a_server_speaks_http1_only() {
		let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
		let address = listener.local_addr().expect("it is bound");
		let app = axum::Router::new().fallback(|| async { "here" });
		let limited = Limited::new(listener, ConnectionLimits::default());
		let server = tokio::spawn(async move { axum::serve(limited, app).await });

		let said = async |bytes: &[u8]| {
			let mut stream = TcpStream::connect(address).await.expect("it listens");
			stream.write_all(bytes).await.expect("it is open");
			let mut all = Vec::new();
			// A connection that is given up may be reset.
			let _ = stream.read_to_end(&mut all).await;
			all
		};
		let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
		let http2 = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &settings].concat();
		assert_eq!(said(&http2).await, b"", "not a word");
		let http1 = b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n";
		assert!(said(http1).await.starts_with(b"HTTP/1.1 200"));
		server.abort();
	}

	#[tokio::test]
	async fn who_takes_nothing_is_given_up() {
		let (mut connection, _theirs) = connection(8);
		is_late(connection.write_all(&[0; 64]).await);
	}
}
