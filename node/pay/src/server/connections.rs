//! Connections, within bounds: so many at once, and none that is kept open by saying nothing.
//!
//! A request's headers have to be complete within a time from their first byte, and a connection on
//! which no call is made and nothing moves is closed.

use std::{
	future::Future,
	io,
	net::SocketAddr,
	pin::Pin,
	sync::{
		atomic::{AtomicUsize, Ordering},
		Arc,
	},
	task::{Context, Poll},
	time::Duration,
};

use axum::{
	extract::{connect_info::Connected, ConnectInfo, Request},
	middleware::Next,
	response::Response,
	serve::{IncomingStream, Listener},
};
use parking_lot::Mutex;
use tokio::{
	io::{AsyncRead, AsyncWrite, ReadBuf},
	net::{TcpListener, TcpStream},
	sync::{OwnedSemaphorePermit, Semaphore},
	time::{sleep_until, Instant, Sleep},
};

/// Bounds of connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
	/// Connections at once; more wait to be accepted.
	pub most: usize,
	/// How long a request's headers may take.
	pub headers: Duration,
	/// How long nothing may move where no call is made. Longer than a node may be silent in the
	/// middle of an answer.
	pub idle: Duration,
}

/// Accepts connections within bounds.
pub(super) struct Limited {
	inner: TcpListener,
	bounds: Bounds,
	room: Arc<Semaphore>,
}

impl Limited {
	pub fn new(inner: TcpListener, bounds: Bounds) -> Self {
		let most = bounds.most.clamp(1, Semaphore::MAX_PERMITS);
		Self { inner, bounds, room: Arc::new(Semaphore::new(most)) }
	}
}

impl Listener for Limited {
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
			return (Connection::new(stream, self.bounds, Some(place)), address);
		}
	}

	fn local_addr(&self) -> io::Result<SocketAddr> {
		self.inner.local_addr()
	}
}

/// What the connection and the requests on it know of one another.
#[derive(Clone, Debug)]
pub(super) struct OnConnection(Arc<Shared>);

#[derive(Debug)]
struct Shared {
	/// Requests that are being answered, until their answer begins.
	requests: AtomicUsize,
	times: Mutex<Times>,
}

#[derive(Debug)]
struct Times {
	/// When something last moved, in either direction.
	moved: Instant,
	/// When headers began to come, if they do.
	headers: Option<Instant>,
}

impl Connected<IncomingStream<'_, Limited>> for OnConnection {
	fn connect_info(stream: IncomingStream<'_, Limited>) -> Self {
		Self(stream.io().shared.clone())
	}
}

/// A request that is being answered.
struct Answering(Arc<Shared>);

impl Answering {
	fn new(shared: &Arc<Shared>) -> Self {
		shared.requests.fetch_add(1, Ordering::AcqRel);
		shared.times.lock().headers = None;
		Self(shared.clone())
	}
}

impl Drop for Answering {
	fn drop(&mut self) {
		*self.0.times.lock() = Times { moved: Instant::now(), headers: None };
		self.0.requests.fetch_sub(1, Ordering::AcqRel);
	}
}

/// Tells the connection that a request's headers are here, and that it is being answered.
pub(super) async fn note(request: Request, next: Next) -> Response {
	let on = request.extensions().get::<ConnectInfo<OnConnection>>();
	let _answering = on.map(|ConnectInfo(OnConnection(shared))| Answering::new(shared));
	next.run(request).await
}

/// A connection that does not last for ever.
#[derive(Debug)]
pub(super) struct Connection<S> {
	stream: S,
	bounds: Bounds,
	shared: Arc<Shared>,
	timer: Pin<Box<Sleep>>,
	_place: Option<OwnedSemaphorePermit>,
}

impl<S> Connection<S> {
	fn new(stream: S, bounds: Bounds, place: Option<OwnedSemaphorePermit>) -> Self {
		let now = Instant::now();
		let times = Mutex::new(Times { moved: now, headers: None });
		let shared = Arc::new(Shared { requests: AtomicUsize::new(0), times });
		let timer = Box::pin(sleep_until(now));
		Self { stream, bounds, shared, timer, _place: place }
	}

	/// When the connection is given up, as things are.
	fn deadline(&self) -> Instant {
		let now = Instant::now();
		let (since, patience) = match self.shared.requests.load(Ordering::Acquire) {
			0 => {
				let times = self.shared.times.lock();
				let headers = times.headers.map(|since| (since, self.bounds.headers));
				headers.unwrap_or((times.moved, self.bounds.idle))
			}
			// It has a deadline of its own, and nothing else wakes this up when it ends.
			_ => (now, self.bounds.idle),
		};
		since.checked_add(patience).unwrap_or(now)
	}

	/// Fails when time is up; else the task is woken when it will be.
	fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
		loop {
			let deadline = self.deadline();
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

	fn note_written(&self, written: &Poll<io::Result<usize>>) {
		if written.is_ready() {
			let now = Instant::now();
			let mut times = self.shared.times.lock();
			// Headers that come while an answer goes out have their time after it.
			*times = Times { moved: now, headers: times.headers.map(|_| now) };
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
		let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
		if buffer.filled().len() > before {
			let now = Instant::now();
			let mut times = self.shared.times.lock();
			times.moved = now;
			if self.shared.requests.load(Ordering::Acquire) == 0 {
				times.headers.get_or_insert(now);
			}
		}
		// Who sends a byte from time to time is not pending, and still too slow.
		self.check(cx)?;
		read
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
		written
	}

	fn poll_write_vectored(
		mut self: Pin<&mut Self>,
		cx: &mut Context<'_>,
		pieces: &[io::IoSlice<'_>],
	) -> Poll<io::Result<usize>> {
		let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
		self.note_written(&written);
		written
	}

	fn is_write_vectored(&self) -> bool {
		self.stream.is_write_vectored()
	}

	fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
		Pin::new(&mut self.stream).poll_flush(cx)
	}

	fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
		Pin::new(&mut self.stream).poll_shutdown(cx)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use tokio::io::{duplex, AsyncReadExt, AsyncWriteExt, DuplexStream};

	fn connection() -> (Connection<DuplexStream>, DuplexStream) {
		let bounds = Bounds {
			most: 1,
			headers: Duration::from_millis(100),
			idle: Duration::from_millis(300),
		};
		let (ours, theirs) = duplex(64);
		(Connection::new(ours, bounds, None), theirs)
	}

	#[tokio::test]
	async fn who_says_nothing_is_given_up() {
		let (mut connection, _theirs) = connection();
		let began = Instant::now();
		let late = connection.read_u8().await.unwrap_err();
		assert_eq!(late.kind(), io::ErrorKind::TimedOut);
		assert!(began.elapsed() >= Duration::from_millis(300));
	}

	#[tokio::test]
	async fn headers_that_trickle_in_are_given_up() {
		let (mut connection, mut theirs) = connection();
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
		slow.await.unwrap();
	}

	#[tokio::test]
	async fn a_request_that_is_answered_has_time() {
		let (mut connection, mut theirs) = connection();
		theirs.write_u8(b'x').await.unwrap();
		connection.read_u8().await.unwrap();
		let answering = Answering::new(&connection.shared.clone());
		let longer = Duration::from_millis(700);
		assert!(tokio::time::timeout(longer, connection.read_u8()).await.is_err());
		drop(answering);
		let late = connection.read_u8().await.unwrap_err();
		assert_eq!(late.kind(), io::ErrorKind::TimedOut);
	}
}
