import Center
import Fleet
import Foundation
import Linux
import Synchronization

/// Looks at kept files, in a thread of its own: a disk that answers slowly holds up nothing else.
final class KeptFileWatch: Sendable {
    /// What was read of a source.
    typealias Reading = (scope: KeptScope, file: Result<KeptFile, any Error>)

    /// How often the files are looked at. A change is taken when it is the same twice, so that a half-written file is not read: within half
    /// a second.
    private static let period = 0.25
    /// Looks until a source that could not be saved is read again.
    private static let patience = 40

    private let sources: [KeptFiles.Source]
    private let state: Mutex<[KeptScope: Look]>

    /// What was seen of a source.
    private struct Look {
        /// The files that were read, and how they looked.
        var taken: [Stamp]?
        /// How they looked last.
        var seen: [Stamp]?
        /// Looks until it is read again in any case.
        var waits: Int?
    }

    struct Stamp: Equatable {
        var path: String
        var file: FileStamp?

        init(_ path: String) {
            self.path = path
            file = FileStamp(path)
        }
    }

    init(_ sources: [KeptFiles.Source]) {
        self.sources = sources
        state = Mutex(Dictionary(sources.map { ($0.scope, Look()) }) { first, _ in first })
    }

    /// Reads what has changed since it was last read.
    ///
    /// - Parameter isFirst: at the start of the server, nothing is waited for.
    func look(isFirst: Bool = false) -> [Reading] {
        sources.compactMap { source in
            guard isDue(source, isFirst) else { return nil }
            let (file, stamps) = KeptFileReader(source).read()
            // It changed while it was read.
            guard isFirst || stamps.map(\.path).map(Stamp.init) == stamps else { return nil }
            state.withLock { $0[source.scope] = Look(taken: stamps, seen: stamps) }
            return (source.scope, file)
        }
    }

    private func isDue(_ source: KeptFiles.Source, _ isFirst: Bool) -> Bool {
        let paths = state.withLock { $0[source.scope]?.taken }?.map(\.path)
        let now = (paths ?? KeptFileReader(source).places).map(Stamp.init)
        return state.withLock { states in
            var look = states[source.scope] ?? Look()
            defer { states[source.scope] = look }
            if let waits = look.waits {
                look.waits = waits > 1 ? waits - 1 : nil
                if waits == 1 { return true }
            }
            let isStill = look.seen == now
            look.seen = now
            return isFirst || now != look.taken && isStill
        }
    }

    /// A file could not be saved: it is read again after a while.
    func retry(_ scope: KeptScope) { state.withLock { $0[scope]?.waits = Self.patience } }

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
            thread.name = "roost-kept"
            thread.start()
        }
    }
}

/// Reads one kept file, with those that it includes.
struct KeptFileReader {
    private static let byteLimit = 4 << 20

    private let source: KeptFiles.Source

    init(_ source: KeptFiles.Source) { self.source = source }

    /// Why a source cannot be read.
    struct Unreadable: Error, CustomStringConvertible {
        var description: String
        init(_ text: String) { description = text }
    }

    /// Where a change is looked for while nothing was read yet.
    var places: [String] {
        [source.path] + LTSPVariableKind.Dialect.allCases.map { "\(source.path)/\($0.rawValue)" }
    }

    /// The file, and what was looked at for it, as it was before.
    func read() -> (Result<KeptFile, any Error>, [KeptFileWatch.Stamp]) {
        var stamps = places.map(KeptFileWatch.Stamp.init)
        do {
            let (path, dialect) = try main()
            func bytes(_ path: String) throws -> [UInt8] {
                if !stamps.contains(where: { $0.path == path }) { stamps.append(.init(path)) }
                do { return try WholeFile.readPlain(path, limit: Self.byteLimit) } catch {
                    guard error.number == EFBIG else { throw error }
                    throw Unreadable("\(path) is too long: all files together have at most 4 MiB")
                }
            }
            let url = URL(fileURLWithPath: path)
            let name = url.lastPathComponent
            var texts = [name: try bytes(path)]
            if dialect == .lts {
                // Its includes stand beside it: their paths are those of an image.
                _ = LTSConf(texts[name] ?? [], file: name) { included in
                    let name = URL(fileURLWithPath: included).lastPathComponent
                    let beside = url.deletingLastPathComponent().appendingPathComponent(name).path
                    texts[name] = try? bytes(beside)
                    return texts[name]
                }
            }
            return (
                .success(
                    KeptFile(source.scope, path: source.path, dialect: dialect, main: name, texts)), stamps
            )
        } catch { return (.failure(error), stamps) }
    }

    /// The main file and its kind.
    private func main() throws -> (path: String, LTSPVariableKind.Dialect) {
        guard let status = FileStatus(source.path, follows: true) else {
            throw Unreadable("it is not there, or the server’s user may not see it")
        }
        guard status.isDirectory else {
            guard status.isFile else { throw Unreadable("it is neither a file nor a directory") }
            guard let dialect = source.dialect ?? Self.dialect(of: source.path) else {
                throw Unreadable(
                    "its name does not say whether it is an lts.conf or an ltsp.conf: add ‘kind’ in roost.yaml"
                )
            }
            return (source.path, dialect)
        }
        let found = (source.dialect.map { [$0] } ?? LTSPVariableKind.Dialect.allCases).filter {
            FileStatus("\(source.path)/\($0.rawValue)", follows: true)?.isFile == true
        }
        guard let dialect = found.first else {
            throw Unreadable("the directory has no lts.conf and no ltsp.conf")
        }
        guard found.count == 1 else {
            throw Unreadable("the directory has an lts.conf and an ltsp.conf: add ‘kind’ in roost.yaml")
        }
        return ("\(source.path)/\(dialect.rawValue)", dialect)
    }

    private static func dialect(of path: String) -> LTSPVariableKind.Dialect? {
        let name = URL(fileURLWithPath: path).lastPathComponent
        return LTSPVariableKind.Dialect.allCases.first {
            name == $0.rawValue || name.hasSuffix("-\($0.rawValue)") || name.hasSuffix(".\($0.rawValue)")
        }
    }
}
