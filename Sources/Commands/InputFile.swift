import Fleet
package import Foundation

/// A file that is given to a command.
package enum InputFile {
    /// The bytes of the file at `path`; of standard input for `-`.
    package static func bytes(_ path: String) throws -> Data {
        if path == "-" { return FileHandle.standardInput.readDataToEndOfFile() }
        // Of any kind: a shell's <(…) and /dev/stdin are pipes.
        guard let file = FileHandle(forReadingAtPath: path) else { throw failure(path) }
        do { return try file.readToEnd() ?? Data() } catch { throw failure(path) }
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
    package static func text(_ path: String) throws -> String {
        try text(of: Array(bytes(path)), path)
    }

    /// - Parameter path: for the error.
    static func text(of bytes: [UInt8], _ path: String) throws -> String {
        guard let (text, _) = try? TextEncoding.text(of: bytes) else {
            throw Failure(text: "\(path) is not text", code: 1)
        }
        let lines = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        return lines.unicodeScalars.first == "\u{FEFF}"
            ? String(String.UnicodeScalarView(lines.unicodeScalars.dropFirst())) : lines
    }
}
