import Glibc

/// What a program prints, as it comes: a pipe that is read where nothing waits.
struct ProgramOutput: ~Copyable {
    /// What is kept of more than its limit. The rest is read and dropped.
    enum Kept { case beginning, end }

    /// Reads at once: together more than a pipe holds.
    private static let (readLimit, readByteCount) = (8, 16_384)

    private let reading: FileDescriptor
    private let kept: Kept
    private let limit: Int
    /// The end that the program gets.
    private(set) var other: Int32
    private var all: [UInt8] = []

    init(_ kept: Kept, limit: Int) throws(SystemError) {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw SystemError("make a pipe") }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        reading = FileDescriptor(owning: ends[0])
        other = ends[1]
        (self.kept, self.limit) = (kept, limit)
    }

    deinit { if other >= 0 { close(other) } }

    var bytes: [UInt8] { kept == .end ? Array(all.suffix(limit)) : all }

    /// The program has it.
    mutating func closeOther() {
        close(other)
        other = -1
    }

    /// Waits until a program prints something, for a moment.
    func wait(milliseconds: Int32) { Self.wait(for: [reading.number], milliseconds) }

    func wait(orFor second: borrowing ProgramOutput, milliseconds: Int32) {
        Self.wait(for: [reading.number, second.reading.number], milliseconds)
    }

    private static func wait(for descriptors: [Int32], _ milliseconds: Int32) {
        var looks = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        _ = unsafe poll(&looks, nfds_t(looks.count), milliseconds)
        // An output that was closed would not wait.
        if looks.contains(where: { $0.revents & Int16(POLLHUP) != 0 }) { usleep(2_000) }
    }

    /// Takes as much as the pipe holds; what comes meanwhile is taken the next time.
    mutating func take() {
        var piece = [UInt8](repeating: 0, count: Self.readByteCount)
        for _ in 0..<Self.readLimit {
            let count = unsafe Glibc.read(reading.number, &piece, piece.count)
            if count > 0 {
                keep(piece.prefix(count))
            } else if count == 0 || errno != EINTR {
                return
            }
        }
    }

    private mutating func keep(_ piece: ArraySlice<UInt8>) {
        switch kept {
        case .beginning: all += piece.prefix(limit - all.count)
        case .end:
            all += piece
            if all.count > 2 * limit { all.removeFirst(all.count - limit) }
        }
    }
}

/// The time that a program has: behind it its group is asked to end, and then ended.
struct ProgramDeadline {
    private let program: ChildProcess
    /// Milliseconds of the clock since the host's start.
    private let last: Int
    /// Milliseconds that it has to end in order.
    private let grace: Int
    private(set) var isPassed = false

    init(_ program: ChildProcess, seconds: Int, grace: Int) {
        self.program = program
        last = SystemClock.boot + seconds * 1_000
        self.grace = grace
    }

    /// Looks at the clock, and does what is due.
    mutating func heed() {
        let now = SystemClock.boot
        if now >= last + grace {
            program.signal(SIGKILL, toGroup: true)
        } else if now >= last, !isPassed {
            isPassed = true
            program.signal(SIGTERM, toGroup: true)
        }
    }
}
