import Foundation
import Linux
import Wire

/// What restores left for people to look at: state that went back in time.
enum ReturnNotes {
    /// Bytes of a note, and notes that are shown.
    private static let (byteLimit, limit) = (16 << 10, 5)

    /// A finding for each restore whose note is still there. Only root reads them.
    static func findings(in stateDirectory: String) -> [Finding] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: stateDirectory)) ?? []
        return names.filter { $0.hasPrefix(Restore.keptPrefix) }.sorted().suffix(limit).compactMap { name in
            let path = "\(stateDirectory)/\(name)/\(Restore.returnNote)"
            guard FileStatus(path)?.isFile == true, let bytes = try? WholeFile.read(path, limit: byteLimit)
            else { return nil }
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            return Finding(
                isGood: false,
                text: PlainText("a restore went back in time: \(lines.joined(separator: "; "))").description,
                fix: "look at each, then remove \(path)")
        }
    }
}
