import Center
import Commands
import Fleet
import Foundation
import Synchronization

/// Looks at the files of watched sources, in a thread of its own, as ``KeptFileWatch`` does at kept files.
final class DeclaredWatch: Sendable {
    /// What was read of a source.
    typealias Reading = (name: SourceName, items: Result<[DeclaredItem], any Error>)

    /// How often the files are looked at. A change is taken when it is the same twice: within half a second.
    private static let period = 0.25
    /// Looks until a source that was not settled is read again.
    private static let patience = 40

    private let sources: [WatchedFiles.Source]
    private let state: Mutex<[SourceName: Look]>

    /// What was seen of a source.
    private struct Look {
        /// How the files looked that were read.
        var taken: [KeptFileWatch.Stamp]?
        /// How they looked last.
        var seen: [KeptFileWatch.Stamp]?
        /// Looks until it is read again in any case.
        var waits: Int?
    }

    init(_ sources: [WatchedFiles.Source]) {
        self.sources = sources
        state = Mutex(Dictionary(sources.map { ($0.name, Look()) }) { first, _ in first })
    }

    /// Reads what has changed since it was last read.
    ///
    /// - Parameter isFirst: at the start of the server, nothing is waited for.
    func look(isFirst: Bool = false) -> [Reading] {
        sources.compactMap { source in
            let now = Self.stamps(of: source)
            guard isDue(source, now, isFirst) else { return nil }
            let items = Result { try DeclaredFiles(reading: [source.path], isWatched: true).items }
            // It changed while it was read.
            guard isFirst || Self.stamps(of: source) == now else { return nil }
            state.withLock { $0[source.name] = Look(taken: now, seen: now) }
            return (source.name, items)
        }
    }

    private static func stamps(of source: WatchedFiles.Source) -> [KeptFileWatch.Stamp] {
        DeclaredFiles.places(of: source.path).map { KeptFileWatch.Stamp($0) }
    }

    private func isDue(_ source: WatchedFiles.Source, _ now: [KeptFileWatch.Stamp], _ isFirst: Bool) -> Bool {
        state.withLock { states in
            var look = states[source.name] ?? Look()
            defer { states[source.name] = look }
            if let waits = look.waits {
                look.waits = waits > 1 ? waits - 1 : nil
                if waits == 1 { return true }
            }
            let isStill = look.seen == now
            look.seen = now
            return isFirst || now != look.taken && isStill
        }
    }

    /// A source was not settled: it is read again after a while.
    func retry(_ name: SourceName) { state.withLock { $0[name]?.waits = Self.patience } }

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
            thread.name = "roost-files"
            // A file may be as deep as its limit allows.
            thread.stackSize = 4 << 20
            thread.start()
        }
    }
}

extension Server {
    /// Applies the files of watched sources, and follows their changes until the process ends.
    static func watch(_ files: WatchedFiles, _ watch: DeclaredWatch, in fleet: LiveFleet) async {
        @Sendable func take(_ readings: [DeclaredWatch.Reading]) async {
            for (name, items) in readings where await !files.take(items, of: name, into: fleet) {
                watch.retry(name)
            }
        }
        // Before the first node boots.
        await take(watch.look(isFirst: true))
        Task { for await readings in watch.readings { await take(readings) } }
    }
}
