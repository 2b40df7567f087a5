import Fleet
import Linux

/// What the machine of a boot test prints on its console, read from the file in which it grows.
///
/// A version is not trusted: it may print without end, and lines without end. Of the text only the end is kept, and of each look some lines.
final class BootTestConsole {
    /// Bytes that a machine may print: a kernel and its programs print some hundred kilobytes.
    static let byteLimit = 32 << 20
    /// Lines of one look, and bytes of a line.
    static let (lineLimit, lineByteLimit) = (1_000, 4_096)
    /// Printed by every kernel.
    private static let signOfLife = "Linux version"

    private let file: FileDescriptor
    private let byteLimit: Int
    private var byteCount = 0
    private var kept: [UInt8] = []
    /// The line that is still growing.
    private var line: [UInt8] = []
    /// Whether a kernel has begun to print.
    private(set) var hasStarted = false

    /// - Parameters:
    ///   - path: of the file, which is there.
    ///   - byteLimit: another one for tests.
    init(path: String, byteLimit: Int = BootTestConsole.byteLimit) throws {
        file = try FileDescriptor(opening: path)
        self.byteLimit = byteLimit
    }

    /// Whether the machine has printed more than it may.
    var isTooLong: Bool { byteCount > byteLimit }

    /// The end of what was read.
    var text: String { String(decoding: kept.suffix(BootTest.consoleLimit), as: UTF8.self) }

    /// The lines that have come since the last look, without empty ones. The file is read up to the limit.
    ///
    /// - Parameter isWhole: with the last line, which may still be growing.
    func look(isWhole: Bool) throws -> [String] {
        var (lines, leftOut) = ([String](), 0)
        func end() {
            defer { line.removeAll(keepingCapacity: true) }
            guard !line.isEmpty else { return }
            let text = String(decoding: line, as: UTF8.self)
            if text.contains(Self.signOfLife) { hasStarted = true }
            if lines.count < Self.lineLimit { lines.append(text) } else { leftOut += 1 }
        }
        while !isTooLong {
            let bytes = try file.read(atMost: 64 << 10)
            if bytes.isEmpty { break }
            byteCount += bytes.count
            kept += bytes
            if kept.count > 2 * BootTest.consoleLimit { kept = kept.suffix(BootTest.consoleLimit) }
            for byte in bytes {
                if byte == 0x0A || byte == 0x0D { end() } else { line.append(byte) }
                if line.count == Self.lineByteLimit { end() }
            }
        }
        if isWhole { end() }
        if leftOut > 0 { lines.append("(\(leftOut) lines are not shown)") }
        return lines
    }
}
