import CLinux
import Glibc
import Synchronization

/// A handler that a loop wakes when its descriptor is ready.
package protocol EventHandler: AnyObject {
    /// Called on the loop's thread.
    func ready(_ events: EventLoop.Events)
}

/// One epoll loop on one thread. Everything registered with it lives on that thread.
///
/// Nothing here is awaited, and no handler may block.
package final class EventLoop {
    package struct Events: OptionSet, Sendable {
        package var rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }
        package static let readable = Self(rawValue: EPOLLIN.rawValue)
        package static let writable = Self(rawValue: EPOLLOUT.rawValue)
        package static let failed = Self(rawValue: EPOLLERR.rawValue | EPOLLHUP.rawValue)
    }

    /// Readiness events taken from the kernel at a time.
    private static let batchCount = 256

    private let epoll: FileDescriptor
    private let mailbox: Mailbox
    private var handlers: [(any EventHandler)?] = []
    private var ticks: [Tick] = []
    private var batchEnds: [() -> Void] = []
    /// Descriptors reported by the last `epoll_wait`.
    package private(set) var readyCount = 0
    /// `now()` at that time.
    package private(set) var batchTime = EventLoop.now()
    private var isRunning = true
    /// When the first tick is due. The clock is read and ticks are checked once per batch, not per event.
    private var nextTick = Int.max

    private struct Tick {
        let period: Int
        var due: Int
        let action: () -> Void
    }

    /// Carries closures to the loop from other threads.
    package final class Mailbox: Sendable {
        fileprivate let wake: FileDescriptor
        private let queue = Mutex<[@Sendable (EventLoop) -> Void]>([])

        fileprivate init() throws(SystemError) {
            let number = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
            guard number >= 0 else { throw SystemError("create an event descriptor") }
            wake = FileDescriptor(owning: number)
        }

        /// Runs `action` on the loop's thread, soon.
        package func submit(_ action: @escaping @Sendable (EventLoop) -> Void) {
            queue.withLock { $0.append(action) }
            _ = eventfd_write(wake.number, 1)
        }

        fileprivate func take() -> [@Sendable (EventLoop) -> Void] {
            var value: eventfd_t = 0
            _ = unsafe eventfd_read(wake.number, &value)
            return queue.withLock { queue in
                let all = queue
                queue.removeAll()
                return all
            }
        }
    }

    package init() throws(SystemError) {
        let number = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard number >= 0 else { throw SystemError("create an epoll descriptor") }
        epoll = FileDescriptor(owning: number)
        mailbox = try Mailbox()
        try control(EPOLL_CTL_ADD, mailbox.wake.number, .readable)
    }

    /// For other threads.
    package var sender: Mailbox { mailbox }

    /// Milliseconds of a clock that never goes back.
    package static func now() -> Int { SystemClock.awake }

    /// Wakes `handler` for `events` of `descriptor`; it is kept until `remove`.
    package func add(
        _ descriptor: borrowing FileDescriptor, for events: Events = .readable, _ handler: any EventHandler
    ) throws(SystemError) {
        let index = Int(descriptor.number)
        while handlers.count <= index { handlers.append(nil) }
        handlers[index] = handler
        try control(EPOLL_CTL_ADD, descriptor.number, events)
    }

    package func change(_ descriptor: borrowing FileDescriptor, to events: Events) {
        try? control(EPOLL_CTL_MOD, descriptor.number, events)
    }

    package func remove(_ descriptor: borrowing FileDescriptor) {
        try? control(EPOLL_CTL_DEL, descriptor.number, [])
        if handlers.indices.contains(Int(descriptor.number)) { handlers[Int(descriptor.number)] = nil }
    }

    /// Calls `action` about every `milliseconds`.
    package func every(milliseconds: Int, _ action: @escaping () -> Void) {
        let due = Self.now() + milliseconds
        ticks.append(Tick(period: milliseconds, due: due, action: action))
        nextTick = min(nextTick, due)
    }

    /// Calls `action` each time all descriptors reported by one `epoll_wait` have been handled.
    package func afterEvents(_ action: @escaping () -> Void) { batchEnds.append(action) }

    package func stop() { isRunning = false }

    /// Runs until `stop`.
    package func run() {
        // `sendfile` to a client that has gone raises it; it has no flag against that, unlike `send`.
        _ = signal(SIGPIPE, SIG_IGN)
        var events = unsafe [epoll_event](repeating: epoll_event(), count: Self.batchCount)
        while isRunning {
            let count = unsafe epoll_wait(epoll.number, &events, Int32(Self.batchCount), timeout())
            readyCount = max(0, Int(count))
            batchTime = Self.now()
            for index in 0..<readyCount {
                let event = unsafe events[index]
                let number = unsafe Int(event.data.fd)
                if number == Int(mailbox.wake.number) {
                    for action in mailbox.take() { action(self) }
                } else if handlers.indices.contains(number) {
                    unsafe handlers[number]?.ready(Events(rawValue: event.events))
                }
            }
            for action in batchEnds { action() }
            runTicks()
        }
    }

    /// Milliseconds until the next tick, or no limit.
    private func timeout() -> Int32 {
        nextTick == .max ? -1 : Int32(clamping: max(0, nextTick - batchTime))
    }

    private func runTicks() {
        guard batchTime >= nextTick else { return }
        nextTick = .max
        for index in ticks.indices {
            if ticks[index].due <= batchTime {
                ticks[index].due = batchTime + ticks[index].period
                ticks[index].action()
            }
            nextTick = min(nextTick, ticks[index].due)
        }
    }

    private func control(_ operation: Int32, _ number: Int32, _ events: Events) throws(SystemError) {
        var event = unsafe epoll_event()
        unsafe event.events = events.rawValue
        unsafe event.data.fd = number
        guard unsafe epoll_ctl(epoll.number, operation, number, &event) == 0 else {
            throw SystemError("watch a descriptor")
        }
    }

    /// Starts a loop on its own thread. `prepare` runs there first and registers the handlers; its error is rethrown here.
    package static func start(
        name: String, prepare: @escaping @Sendable (EventLoop) throws -> Void
    ) throws -> Mailbox {
        // Sendable: the loop moves to its thread and is used nowhere else; only the mailbox stays here.
        struct Handed: @unchecked Sendable { let loop: EventLoop }
        let handed = Handed(loop: try EventLoop())
        let mailbox = handed.loop.sender
        let number = eventfd(0, 0)
        guard number >= 0 else { throw SystemError("create an event descriptor") }
        let prepared = Prepared(signal: FileDescriptor(owning: number))
        try NamedThread.start(name) {
            let result = Result { try prepare(handed.loop) }
            prepared.result.withLock { $0 = result }
            _ = eventfd_write(prepared.signal.number, 1)
            if case .success = result { handed.loop.run() }
        }
        var value: eventfd_t = 0
        _ = retrying { unsafe eventfd_read(prepared.signal.number, &value) }
        try prepared.result.withLock { try $0?.get() }
        return mailbox
    }

    /// How `prepare` ended, for the thread that waits for it.
    private final class Prepared: Sendable {
        let signal: FileDescriptor
        let result = Mutex<Result<Void, any Error>?>(nil)

        init(signal: consuming FileDescriptor) { self.signal = signal }
    }
}

/// A thread with a name that `top -H` shows.
package enum NamedThread {
    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void
        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// - Parameter name: only the first 15 bytes are shown.
    package static func start(_ name: String, _ run: @escaping @Sendable () -> Void) throws(SystemError) {
        var thread = pthread_t()
        let body = unsafe Unmanaged.passRetained(Body(name: name, run: run))
        let result = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                _ = unsafe roost_set_name(body.name)
                body.run()
                return nil
            }, body.toOpaque())
        guard result == 0 else {
            unsafe body.release()
            throw SystemError("start thread \(name)", number: result)
        }
        pthread_detach(thread)
    }
}
