import Fleet
package import Foundation

/// A file that is given to a command.
package enum InputFile {
    /// Bytes of a file where nothing says how many are taken: a device that has no end must not fill the memory.
    package static let usualLimit = 64 << 20

    /// The bytes of the file at `path`; of standard input for `-`. Throws where it has more than `limit`.
    package static func bytes(_ path: String, limit: Int = usualLimit) throws -> Data {
        // Of any kind: a shell's <(…) and /dev/stdin are pipes.
        guard let file = path == "-" ? .standardInput : FileHandle(forReadingAtPath: path) else {
            throw failure(path)
        }
        var data = Data()
        do {
            while data.count <= limit,
                let more = try file.read(upToCount: min(pieceLimit, limit + 1 - data.count)), !more.isEmpty
            {
                data += more
            }
        } catch { throw failure(path) }
        guard data.count <= limit else {
            throw Failure(text: "\(path) has more than \(amount(limit))", code: 1)
        }
        return data
    }

    private static let pieceLimit = 1 << 20

    private static func amount(_ bytes: Int) -> String {
        bytes >= 1 << 20 ? "\(bytes >> 20) MiB" : "\(bytes >> 10) KiB"
    }

    /// Why a file cannot be read.
    package static func failure(_ path: String) -> Failure {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
            return Failure(text: "there is no file \(path)", code: 3)
        }
        let isDirectory = attributes[.type] as? FileAttributeType == .typeDirectory
        return Failure(
            text: isDirectory
                ? "\(path) is a directory; a file is required" : "this user may not read \(path)",
            code: 1)
    }

    /// The unchanged text of the file, including line ends.
    package static func exactText(_ path: String) throws -> String {
        let data = try bytes(path)
        guard let text = String(validating: data, as: UTF8.self), !data.contains(0) else {
            throw Failure(text: "\(path) is not text in UTF-8: a setting holds only text", code: 1)
        }
        return text
    }

    /// The text of the file, in any encoding that editors use, with lines that end with LF.
    package static func text(_ path: String, limit: Int = usualLimit) throws -> String {
        try text(of: Array(bytes(path, limit: limit)), path)
    }

    /// - Parameter path: for the error.
    static func text(of bytes: [UInt8], _ path: String) throws -> String {
        let text: String
        do throws(UnreadableTable) { (text, _) = try TextEncoding.text(of: bytes) } catch {
            let place = error.line.map { ":\($0)" } ?? ""
            throw Failure(text: "\(path)\(place): \(error.problemOfText)", code: 1)
        }
        let lines = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        return lines.unicodeScalars.first == "\u{FEFF}"
            ? String(String.UnicodeScalarView(lines.unicodeScalars.dropFirst())) : lines
    }
}
