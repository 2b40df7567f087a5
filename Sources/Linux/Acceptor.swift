import Glibc

/// Accepts connections from a listening socket, a few at a time, so that a flood of them leaves the loop time for other work.
///
/// When descriptors run out it pauses for a moment: the kernel keeps the connections, and the loop does not spin.
package final class Acceptor: EventHandler {
    /// Connections accepted per wake-up.
    private static let batchCount = 64
    private static let restMilliseconds = 200
    /// Milliseconds before the same warning is logged again.
    private static let silence = 60_000

    private let listener: FileDescriptor
    private unowned let loop: EventLoop
    private let accepted: (consuming FileDescriptor) -> Void
    private let log: @Sendable (String) -> Void
    private var isResting = false
    private var complainedAt: Int?

    /// - Parameter accepted: takes a connection, which is closed unless kept.
    package init(
        _ listener: consuming FileDescriptor, loop: EventLoop, log: @escaping @Sendable (String) -> Void,
        accepted: @escaping (consuming FileDescriptor) -> Void
    ) throws(SystemError) {
        self.listener = listener
        self.loop = loop
        self.log = log
        self.accepted = accepted
        try loop.add(self.listener, self)
        loop.every(milliseconds: Self.restMilliseconds) { [unowned self] in
            guard isResting else { return }
            isResting = false
            self.loop.change(self.listener, to: .readable)
        }
    }

    package func ready(_ events: EventLoop.Events) {
        for _ in 0..<Self.batchCount {
            do throws(SystemError) {
                guard let socket = try Socket.accept(listener) else { return }
                accepted(socket)
            } catch {
                return rest(error)
            }
        }
    }

    private func rest(_ error: SystemError) {
        isResting = true
        loop.change(listener, to: [])
        let now = EventLoop.now()
        if let complainedAt, now - complainedAt < Self.silence { return }
        complainedAt = now
        log("no connection can be taken at this moment: \(error)")
    }
}
