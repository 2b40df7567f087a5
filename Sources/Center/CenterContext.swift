import API
import Fleet
import Foundation
import Hummingbird
import NIOCore

/// The control center's context of one request.
struct CenterContext: RequestContext, RemoteAddressRequestContext {
    var coreContext: CoreRequestContextStorage
    let remoteAddress: SocketAddress?
    let channel: any Channel
    /// The address of the client, behind a trusted proxy too; empty on the local socket.
    var address: String
    /// Whether the browser uses HTTPS, to us or to a trusted proxy.
    var isSecure = false
    /// Nil while not authenticated.
    var caller: Caller?
    /// Authenticates the caller again, for answers that last for hours; nil when nothing can change.
    var recheck: (@Sendable () async throws -> Caller?)?
    /// The fields of a page's form; its CSRF token has been checked.
    var form: Form?
    var language = Language.english

    init(source: Source) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
        remoteAddress = source.channel.remoteAddress
        address = remoteAddress?.ipAddress ?? ""
    }

    /// The caller, if they have `permission` somewhere.
    func caller(_ permission: Permission) throws -> Caller {
        guard let caller else {
            throw Problem(
                401, "Unauthorized", "this server requires a token (--token or ROOST_TOKEN) or a log-in")
        }
        try caller.requireSomewhere(permission)
        return caller
    }

    /// The component `name` of the path, as the name that it must be.
    func name<Name: CheckedName>(_: Name.Type = Name.self) throws -> Name { try Name(parameter("name")) }

    /// A path component, percent-decoded.
    func parameter(_ name: String) throws -> String {
        let text = try parameters.require(name)
        guard let decoded = text.removingPercentEncoding else {
            throw Problem(400, "Unreadable path", "‘\(text)’ is not percent-encoded UTF-8")
        }
        return decoded
    }

    /// A path component that numbers something.
    ///
    /// - Parameter noun: what it numbers, for the error: `revision`.
    func number(_ name: String, of noun: String) throws -> Int {
        let text = try parameter(name)
        guard let number = Int(text), number > 0 else {
            throw Problem(422, "Invalid number", "there is no \(Sentence(phrase: noun)) \(text)")
        }
        return number
    }
}

/// The fields of a posted form (application/x-www-form-urlencoded).
struct Form: Sendable {
    /// A page with a checkbox for each node of a large site has several thousand.
    static let fieldLimit = 20_000

    private let fields: [(name: String, value: String)]

    init?(_ body: String) { self.init(bytes: Array(body.utf8)) }

    /// - Returns: nil when there are more fields than any page has.
    init?(bytes: [UInt8]) {
        let pairs = bytes.split(
            separator: UInt8(ascii: "&"), maxSplits: Self.fieldLimit, omittingEmptySubsequences: true)
        guard pairs.count <= Self.fieldLimit else { return nil }
        fields = pairs.map { pair in
            let parts = pair.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decoded(parts[0]), parts.count > 1 ? Self.decoded(parts[1]) : "")
        }
    }

    /// Percent-decoded text; empty when the escapes are invalid or it is not UTF-8.
    private static func decoded(_ bytes: ArraySlice<UInt8>) -> String {
        func digit(_ byte: UInt8) -> UInt8? { Character(Unicode.Scalar(byte)).hexDigitValue.map(UInt8.init) }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            switch bytes[index] {
            case UInt8(ascii: "+"): result.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard bytes.endIndex - index > 2, let high = digit(bytes[index + 1]),
                    let low = digit(bytes[index + 2])
                else { return "" }
                result.append(high << 4 | low)
                index += 2
            case let byte: result.append(byte)
            }
            index += 1
        }
        return String(validating: result, as: UTF8.self) ?? ""
    }

    /// The field's value; empty when it is missing.
    subscript(name: String) -> String { fields.first { $0.name == name }?.value ?? "" }

    /// All values of a field that may occur several times.
    func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    func has(_ name: String) -> Bool { fields.contains { $0.name == name } }

    /// The fields whose names start with `prefix`, without the prefix.
    func group(_ prefix: String) -> [(name: String, value: String)] {
        fields.filter { $0.name.hasPrefix(prefix) }.map {
            (String($0.name.dropFirst(prefix.count)), $0.value)
        }
    }
}
