import Center
import Commands
import Fleet
import Linux

/// Looks at the files of the configuration that the server watches.
typealias DeclaredWatch = FileWatch<WatchedFiles.Source>

extension WatchedFiles.Source: WatchedSource {
    static let threadName = "roost-files"

    var key: SourceName { name }

    /// Files come and go in a directory.
    func places(_ taken: [String]?) -> [String] { DeclaredFiles.places(of: path) }

    func read(_ known: FileEnds) -> (Result<[DeclaredItem], any Error>, [WatchedStamp]) {
        let stamps = places(nil).map(WatchedStamp.init)
        return (Result { try DeclaredFiles(reading: [path], isWatched: true, known: known).items }, stamps)
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
