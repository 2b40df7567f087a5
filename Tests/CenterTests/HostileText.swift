import Fleet
import Foundation
import Testing
import Wire

@testable import Center

/// How much a test does that repeats itself for many texts or routes.
enum Extent {
    /// A sample, in `make test-quick`. `make test` leaves nothing out.
    static let isSample = ProcessInfo.processInfo.environment["ROOST_TEST_SAMPLE"] != nil
}

/// Text from a machine that tries to have an effect where it is shown.
struct HostileText: Sendable, CustomTestStringConvertible {
    var bytes: [UInt8]
    /// Longer than any field.
    var isLong = false

    /// As decoded by programs that treat the bytes as UTF-8.
    var text: String { String(decoding: bytes, as: UTF8.self) }
    var testDescription: String {
        String(text.unicodeScalars.prefix(24).map { "U+\(String($0.value, radix: 16)) " }.joined())
    }

    init(_ text: String) { bytes = Array(text.utf8) }
    init(bytes: [UInt8], isLong: Bool = false) { (self.bytes, self.isLong) = (bytes, isLong) }

    /// Every eighth where a sample is enough, and the longest.
    static let all: [HostileText] = {
        let all = controls + syntax + notUTF8
        guard Extent.isSample else { return all }
        return all.enumerated().filter { $0.offset % 8 == 0 || $0.element.isLong }.map(\.element)
    }()

    /// C0, DEL and C1, and text-direction marks, in groups that fit into the shortest field.
    private static let controls: [HostileText] = {
        let values =
            Array(0...0x1F) + Array(0x7F...0x9F) + [0x061C, 0x200E, 0x200F, 0x2028, 0x2029]
            + Array(0x202A...0x202E) + Array(0x2066...0x2069)
        let scalars = values.compactMap { Unicode.Scalar(UInt32($0)) }
        return stride(from: 0, to: scalars.count, by: 8).map { start in
            HostileText(scalars[start..<min(start + 8, scalars.count)].map { "a\($0)b" }.joined())
        }
    }()

    /// A mark followed by a combining accent (U+0301) is another character, but the same mark in a byte-based parser.
    private static let syntax: [HostileText] = [
        "x && chain http://10.0.0.66/ || y; z", "${net0/ip} $(reboot) `reboot`", "' \" \\ onx=1",
        "<script>alert(1)</script>", "<b>&amp;{{name}}{{{name}}}", "=cmd|' /C calc'!A0", "+1+1", "-1+1",
        "@SUM(1)", "\u{FF1D}1+1", "a,b;c", "\"\u{301} onx=1 '\u{301}", "<\u{301}script>", "=\u{301}1+1",
        " =1+1", "\t=1+1", ",\u{301}\"\u{301};\u{301}", "\\\u{301}\"}", "a\r\nid: 9\r\ndata: x\n\nevent: y",
        "\u{1B}]0;owned\u{7}\u{9B}2J",
    ].map { HostileText($0) }

    /// A lone surrogate, overlong forms of a slash and of zero, a UTF-16 byte order mark, and too much text.
    private static let notUTF8: [HostileText] = [
        HostileText(bytes: [0xED, 0xA0, 0x80, 0xC0, 0xAF, 0xE0, 0x80, 0xAF, 0xC0, 0x80, 0xFF, 0xFE, 0xC2]),
        HostileText(
            bytes: Array(repeatElement(Array("&<\"=\u{202E}".utf8), count: 8_192).joined()), isLong: true),
    ]
}

/// All fields that a machine can fill, found in the records themselves, each with its own marker.
struct HostileMachine {
    let hostile: HostileText
    private(set) var marks: [String] = []

    init(_ hostile: HostileText) { self.hostile = hostile }

    /// The text for one field.
    ///
    /// - Parameter isCut: whether the field keeps so little, or drops so much, that its marker must come first.
    mutating func text(of field: String, isCut: Bool = false) -> String {
        let mark = "q\(marks.count)z"
        marks.append(mark)
        return isCut || hostile.isLong ? mark + hostile.text : hostile.text + mark
    }

    /// `json` with all texts replaced.
    mutating func filled(_ json: Any, path: String) -> Any {
        switch json {
        case is String: return text(of: path)
        case let list as [Any]: return list.map { filled($0, path: "\(path)[]") }
        case let object as [String: Any]:
            var result = object
            for (key, value) in object.sorted(by: { $0.key < $1.key }) {
                result[key] = filled(value, path: "\(path).\(key)")
            }
            return result
        default: return json
        }
    }

    /// A record with one of each; its decoder requires missing members.
    static let hardware = """
        {"vendor":"a","product":"a","serial":"a","board":"a","firmware":"a","firmwareKind":"a","isSecureBootOn":true,
        "tpm":"a","processor":"a","processorCount":1,"memoryMebibytes":1,"isComplete":true,"graphics":["a"],
        "memoryModules":[{"slot":"a","mebibytes":1,"kind":"a","speed":1,"maker":"a","part":"a"}],
        "cards":[{"name":"a","macAddress":"a","driver":"a"}],
        "disks":[{"name":"a","model":"a","serial":"a","mebibytes":1,"isRotating":true}],
        "pci":[{"place":"a","id":"a","name":"a","driver":"a"}],"usb":[{"place":"a","id":"a","name":"a","driver":"a"}],
        "monitors":[{"connector":"a","id":"a","name":"a","serial":"a","mode":"a"}]}
        """
    static let session =
        #"{"id":"a","user":"a","kind":"a","place":"a","from":"a","isActive":true,"age":1}"#

    mutating func record<T: Decodable>(_ template: String, _: T.Type = T.self) throws -> T {
        let json = try JSONSerialization.jsonObject(with: Data(template.utf8))
        let data = try JSONSerialization.data(withJSONObject: filled(json, path: "\(T.self)"))
        return try JSONDecoder().decode(T.self, from: data)
    }
}
