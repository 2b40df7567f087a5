import Fleet
import Foundation
import Synchronization
import Wire

/// The time zones of this server, read from its files and kept for a while.
final class ZoneFiles: Sendable {
    /// Seconds after which a file is read again: packages bring new ones.
    private static let lifetime = 600
    private static let byteLimit = 1 << 20
    /// Names that are remembered, also of zones that are not there: more than there are zones.
    private static let nameLimit = 1_000
    /// Bytes of a name: more than a zone's has.
    private static let nameLength = 100

    private struct Read {
        var zone: ZoneFile?
        var at: Int
    }

    private let directory: String
    private let ownPath: String
    private let read = Mutex<[String: Read]>([:])

    init(directory: String = "/usr/share/zoneinfo", ownPath: String = "/etc/localtime") {
        self.directory = directory
        self.ownPath = ownPath
    }

    /// Nil: there is no such zone here.
    ///
    /// - Parameter name: nil: the server's own one, which is UTC where nothing says another.
    func zone(_ name: String?) -> ZoneFile? {
        // A text that is no name may lead to other files, and be as long as a request.
        if let name, name.utf8.count > Self.nameLength || (try? TimeZoneName(reading: name)) == nil {
            return nil
        }
        let now = Clock.steadySecond
        let known = read.withLock { $0[name ?? ""] }
        if let known, now - known.at < Self.lifetime { return known.zone }
        let zone = name.map { Self.zone(at: "\(directory)/\($0)") } ?? Self.zone(at: ownPath) ?? .utc
        read.withLock { read in
            if read.count >= Self.nameLimit { read = [:] }
            read[name ?? ""] = Read(zone: zone, at: now)
        }
        return zone
    }

    /// The zone, or the server's own one where there is none of that name: a schedule runs all the same.
    func nearest(_ name: String?) -> ZoneFile { zone(name) ?? zone(nil) ?? .utc }

    /// Why there is no zone of that name, and which one was probably meant; nil: there is one, or this server has no zones at all.
    func problem(of name: String) -> Sentence? {
        guard zone(name) == nil, !names.isEmpty else { return nil }
        let shown = name.beginning(length: Self.nameLength)
        return
            ("there is no time zone ‘\(shown)’ on this server (the package tzdata-legacy has old names)"
            as Sentence)
            .followed(by: NearestName.hint(name, among: names))
    }

    /// Of its files; other files beside them begin with small letters.
    private var names: [String] {
        (FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? []).filter {
            path in
            !path.contains(".") && path.split(separator: "/").allSatisfy { $0.first?.isUppercase == true }
                && zone(path) != nil
        }
    }

    private static func zone(at path: String) -> ZoneFile? {
        guard let file = FileHandle(forReadingAtPath: path),
            let data = try? file.read(upToCount: byteLimit)
        else { return nil }
        return try? ZoneFile(parsing: Array(data))
    }
}
