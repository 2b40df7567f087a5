import Foundation
import Linux
import Synchronization

/// Files that the server watches: a kept file, or a directory with files of the configuration.
protocol WatchedSource: Sendable {
    associatedtype Key: Hashable & Sendable
    associatedtype Content: Sendable

    /// The name of the thread that looks at files of this kind.
    static var threadName: String { get }

    var key: Key { get }

    /// Where a change is looked for.
    ///
    /// - Parameter taken: the files that were last read; nil: none yet.
    func places(_ taken: [String]?) -> [String]

    /// The content, and the files that were read for it, as they were before.
    ///
    /// - Parameter known: how files ended when they were last read.
    func read(_ known: FileEnds) -> (Result<Content, any Error>, [WatchedStamp])
}

/// A file as it looked.
struct WatchedStamp: Equatable {
    var path: String
    var file: FileStamp?

    init(_ path: String) {
        self.path = path
        file = FileStamp(path)
    }
}

/// Looks at the files of some sources, in a thread of its own: a disk that answers slowly holds up nothing else.
final class FileWatch<Source: WatchedSource>: Sendable {
    /// What was read of a source.
    typealias Reading = (key: Source.Key, content: Result<Source.Content, any Error>)

    /// How often the files are looked at. A change is taken when it is the same twice, so that a half-written file is not read: within half
    /// a second.
    private static var period: Double { 0.25 }
    /// Looks until a source that could not be taken is read again.
    private static var patience: Int { 40 }

    private let sources: [Source]
    private let ends: KnownEnds
    private let state: Mutex<[Source.Key: Look]>

    /// What was seen of a source.
    private struct Look {
        /// The files that were read, and how they looked.
        var taken: [WatchedStamp]?
        /// How they looked last.
        var seen: [WatchedStamp]?
        /// Looks until it is read again in any case.
        var waits: Int?
    }

    init(_ sources: [Source], _ ends: KnownEnds = KnownEnds()) {
        self.sources = sources
        self.ends = ends
        state = Mutex(Dictionary(sources.map { ($0.key, Look()) }) { first, _ in first })
    }

    /// Reads what has changed since it was last read.
    ///
    /// - Parameter isFirst: at the start of the server, nothing is waited for.
    func look(isFirst: Bool = false) -> [Reading] {
        sources.compactMap { source in
            guard isDue(source, isFirst) else { return nil }
            let (content, stamps) = source.read(ends.now)
            // It changed while it was read.
            guard isFirst || source.places(stamps.map(\.path)).map(WatchedStamp.init) == stamps else {
                return nil
            }
            state.withLock { $0[source.key] = Look(taken: stamps, seen: stamps) }
            if case .success = content { ends.remember(stamps.map(\.path)) }
            return (source.key, content)
        }
    }

    private func isDue(_ source: Source, _ isFirst: Bool) -> Bool {
        let taken = state.withLock { $0[source.key]?.taken }?.map(\.path)
        let now = source.places(taken).map(WatchedStamp.init)
        return state.withLock { states in
            var look = states[source.key] ?? Look()
            defer { states[source.key] = look }
            if let waits = look.waits {
                look.waits = waits > 1 ? waits - 1 : nil
                if waits == 1 { return true }
            }
            let isStill = look.seen == now
            look.seen = now
            return isFirst || now != look.taken && isStill
        }
    }

    /// A source could not be taken: it is read again after a while.
    func retry(_ key: Source.Key) { state.withLock { $0[key]?.waits = Self.patience } }

    /// What is read from now on.
    var readings: AsyncStream<[Reading]> {
        AsyncStream { continuation in
            guard !sources.isEmpty else { return continuation.finish() }
            let thread = Thread { [self] in
                while true {
                    Thread.sleep(forTimeInterval: Self.period)
                    let readings = look()
                    if !readings.isEmpty, case .terminated = continuation.yield(readings) { return }
                }
            }
            thread.name = Source.threadName
            // A file may be as deep as its limit allows.
            thread.stackSize = 4 << 20
            thread.start()
        }
    }
}
