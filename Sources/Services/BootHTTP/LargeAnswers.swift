import Fleet
import Linux
import Wire

/// Bounds the memory that configurations with stored files take on their way.
///
/// Each is sealed for one node and one boot, so that no two nodes can share its bytes, and it stays in memory until its node has taken it.
/// When many nodes boot at once, those that find no room wait for their turn. To make one takes tens of milliseconds of the loop that
/// also gives addresses and blocks: half of its time is theirs at most.
final class LargeAnswers {
    /// Content that goes out at once. One that alone has more goes out alone.
    static let byteLimit = 32 << 20
    /// What has fewer bytes waits for nothing: the kernel takes it at once.
    static let smallByteCount = 256 << 10
    /// Milliseconds until a request that waits is told to ask again: nodes wait 10 s for an answer.
    static let patience = 7_000
    /// Requests that wait. Others are told to ask again.
    static let waitingLimit = 4_096
    /// Milliseconds of the loop's time: of each window, those after `share` belong to others.
    static let (window, share) = (100, 50)

    /// The room of one answer; it is free again when the last reference is gone.
    final class Place {
        let byteCount: Int
        private let answers: LargeAnswers

        fileprivate init(_ byteCount: Int, of answers: LargeAnswers) {
            self.byteCount = byteCount
            self.answers = answers
            answers.usedByteCount += byteCount
        }

        deinit { answers.usedByteCount -= byteCount }
    }

    private struct Waiting {
        var byteCount: Int
        var later: LaterAnswer
        var make: () -> HTTPAnswer
        /// Of the loop's clock.
        var at: Int
    }

    private(set) var usedByteCount = 0
    private var waiting: [Waiting] = []
    var waitingCount: Int { waiting.count }
    /// When the window began that the loop is in, and the milliseconds of it that went into answers.
    private var windowNow = (began: 0, spent: 0)
    private let clock: () -> Int

    /// - Parameter clock: milliseconds, to tell how long an answer took.
    init(clock: @escaping () -> Int = { SystemClock.awake }) { self.clock = clock }

    /// An answer with about so many bytes of content, which is made as soon as there is room.
    func answer(_ byteCount: Int, now: Int, _ make: @escaping () -> HTTPAnswer) -> HTTPAnswer {
        guard byteCount >= Self.smallByteCount else { return make() }
        if waiting.isEmpty, hasTime(now: now), hasRoom(for: byteCount) { return placed(byteCount, make) }
        guard waiting.count < Self.waitingLimit else { return Self.busy }
        let later = LaterAnswer()
        waiting.append(Waiting(byteCount: byteCount, later: later, make: make, at: now))
        return HTTPAnswer(status: 503, body: .later(later))
    }

    /// Makes the answers that there is room and time for by now, in the order of the requests.
    func advance(now: Int) {
        guard !waiting.isEmpty else { return }
        var isFull = false
        var rest: [Waiting] = []
        // Whatever is answered may lead to the next request of its connection.
        let all = waiting
        waiting = []
        for one in all {
            if one.later.isAbandoned { continue }
            if !isFull, hasTime(now: now), hasRoom(for: one.byteCount) {
                one.later.give(placed(one.byteCount, one.make))
                continue
            }
            isFull = true
            if now - one.at > Self.patience { one.later.give(Self.busy) } else { rest.append(one) }
        }
        waiting = rest + waiting
    }

    private func hasRoom(for byteCount: Int) -> Bool {
        usedByteCount == 0 || usedByteCount + byteCount <= Self.byteLimit
    }

    private func hasTime(now: Int) -> Bool {
        if now - windowNow.began >= Self.window { windowNow = (now, 0) }
        return windowNow.spent < Self.share
    }

    private func placed(_ byteCount: Int, _ make: () -> HTTPAnswer) -> HTTPAnswer {
        let place = Place(byteCount, of: self)
        let start = clock()
        var answer = make()
        windowNow.spent += clock() - start
        // A refusal, and a request to ask again, take no room.
        if answer.byteCount >= Self.smallByteCount { answer.place = place }
        return answer
    }

    private static var busy: HTTPAnswer {
        .error(503, "many nodes are being sent their files: ask again")
    }
}

extension BootContext {
    /// What the stored files of a machine's configuration weigh.
    func storedByteCount(for machine: MACAddress, at address: IPv4Address) -> Int {
        let stored = snapshot.contents.storedFiles
        guard !stored.isEmpty,
            let files = try? snapshot.settings(of: node(of: machine), at: address, card: machine)
                .value(of: Fleet.Settings.files)
        else { return 0 }
        return files.reduce(0) { sum, file in
            sum + (file.stored.flatMap { stored[$0]?.byteCount } ?? 0)
        }
    }
}
