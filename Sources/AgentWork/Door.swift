import Dispatch
import Glibc
import Linux
import Synchronization

/// The agent's door: programs of this machine ask there whether a log-in's ticket counts.
final class Door: Sendable {
    /// Connections at a time, and of one user that is not root.
    private static let (countLimit, userLimit) = (128, 4)
    /// Milliseconds for a request, and between two tries to listen.
    private static let patience: Int32 = 3_000

    private let path: String
    private let answer: @Sendable (DoorRequest) -> String
    private let open = Mutex<[UInt32: Int]>([:])
    private let queue = DispatchQueue(label: "roost-agent.door", attributes: .concurrent)

    /// - Parameter answer: may block.
    init(at path: String, answer: @escaping @Sendable (DoorRequest) -> String) {
        (self.path, self.answer) = (path, answer)
    }

    /// Listens, on a thread of its own.
    func start() throws {
        // Who may ask what is decided by the kernel's word about the other end.
        let listener = try LocalSocket.listen(at: path, mode: 0o666)
        let thread = DispatchQueue(label: "roost-agent.door.listen")
        let number = listener.number
        // Until the process ends.
        let kept = fcntl(number, F_DUPFD_CLOEXEC, 3)
        thread.async { [self] in serve(FileDescriptor(owning: kept)) }
    }

    private func serve(_ listener: consuming FileDescriptor) {
        while true {
            do {
                let connection = try LocalSocket.accept(listener)
                guard let peer = LocalSocket.peer(of: connection), enter(peer.user) else { continue }
                let number = fcntl(connection.number, F_DUPFD_CLOEXEC, 3)
                guard number >= 0 else {
                    leave(peer.user)
                    continue
                }
                queue.async { [self] in
                    defer { leave(peer.user) }
                    handle(FileDescriptor(owning: number), peer.user)
                }
            } catch {
                AgentLog.write("door: \(error)")
                usleep(200_000)
            }
        }
    }

    private func enter(_ user: UInt32) -> Bool {
        open.withLock { open in
            let all = open.values.reduce(0, +)
            guard all < Self.countLimit, user == 0 || open[user, default: 0] < Self.userLimit else {
                return false
            }
            open[user, default: 0] += 1
            return true
        }
    }

    private func leave(_ user: UInt32) {
        open.withLock { open in
            let count = (open[user] ?? 1) - 1
            open[user] = count > 0 ? count : nil
        }
    }

    private func handle(_ connection: consuming FileDescriptor, _ user: UInt32) {
        guard let bytes = Self.read(connection, limit: DoorRequest.limit + 1),
            let request = DoorRequest(parsing: bytes),
            request.isAllowed(to: user, number: { AccountNames.number(of: $0) })
        else { return }
        let answer = Array(answer(request).utf8)
        unsafe _ = Glibc.send(connection.number, answer, answer.count, Int32(MSG_NOSIGNAL))
    }

    /// All that comes until the other side ends its part, in time.
    fileprivate static func read(_ connection: borrowing FileDescriptor, limit: Int) -> [UInt8]? {
        let last = SystemClock.boot + Int(patience)
        var bytes: [UInt8] = []
        while bytes.count < limit {
            let left = last - SystemClock.boot
            var look = pollfd(fd: connection.number, events: Int16(POLLIN), revents: 0)
            guard left > 0, unsafe poll(&look, 1, Int32(left)) > 0,
                let more = try? connection.read(atMost: 4_096)
            else { return nil }
            if more.isEmpty { return bytes }
            bytes += more
        }
        return nil
    }
}

/// Those who ask at the door.
enum DoorClient {
    /// What the agent answers; nil when none is there.
    static func ask(_ request: DoorRequest, at path: String) -> String? {
        guard let connection = LocalSocket.connect(to: path) else { return nil }
        let bytes = request.bytes
        guard unsafe Glibc.send(connection.number, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count,
            shutdown(connection.number, Int32(SHUT_WR)) == 0
        else { return nil }
        return Door.read(connection, limit: 1 << 20).map { String(decoding: $0, as: UTF8.self) }
    }
}
