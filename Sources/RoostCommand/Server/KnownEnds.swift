import Foundation
import Linux
import Synchronization

/// How files ended when they were last read, in memory and on the disk.
final class KnownEnds: Sendable {
    /// Nil: in memory alone.
    private let path: String?
    private let ends: Mutex<FileEnds>

    init() {
        path = nil
        ends = Mutex(FileEnds())
    }

    /// - Parameter directory: the store's, with what was remembered before.
    init(in directory: String) {
        path = "\(directory)/\(Self.name)"
        ends = Mutex(Self.read(in: directory))
    }

    private static let name = "file-ends"

    /// What was remembered, for a process that must not follow what the server's user has put there.
    static func read(in directory: String) -> FileEnds {
        guard let file = try? ForeignDirectory(directory).file(name),
            let bytes = try? file.read(atMost: 4 << 20)
        else { return FileEnds() }
        return FileEnds(parsing: String(decoding: bytes, as: UTF8.self))
    }

    var now: FileEnds { ends.withLock(\.self) }

    func remember(_ paths: [String]) {
        var found: [String: FileEnds.End] = [:]
        for path in paths { found[path] = FileEnds.end(of: path) }
        remember(found)
    }

    func remember(_ found: [String: FileEnds.End]) {
        let changed = ends.withLock { ends -> FileEnds? in
            let before = ends
            for (path, end) in found { ends.remember(end, of: path) }
            return ends == before ? nil : ends
        }
        guard let changed, let path else { return }
        // As it was, where there is no room: what it says is missed only by a start that finds a file cut off.
        try? Data(changed.text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }
}
