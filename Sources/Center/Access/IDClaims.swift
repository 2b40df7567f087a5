import Foundation
import Linux

/// All claims of a currently valid ID token.
struct IDClaims {
    /// Why a signed token is not valid.
    enum Problem: Error, CustomStringConvertible {
        case malformed, expired, fromTheFuture

        var description: String {
            switch self {
            case .malformed: "its contents cannot be read"
            case .expired: "it has expired: is this server's clock right?"
            case .fromTheFuture: "it is not valid yet: is this server's clock right?"
            }
        }
    }

    /// Allowed clock difference in seconds.
    private static let leeway = 120.0

    let values: [String: ClaimValue]

    var audience: Set<String> { Set(values["aud"]?.texts ?? []) }

    /// Whether `client` may use it (OpenID Connect Core §3.1.3.7): the client is in the audience, and is the authorized party (`azp`),
    /// which must be named if the audience has several members.
    func isMeant(for client: String) -> Bool {
        let party = values["azp"]
        return audience.contains(client) && (party != nil || audience.count == 1)
            && (party == nil || party?.text == client)
    }

    /// Checks signature and time; the caller checks the audience.
    init(_ token: String, signedBy keys: JSONWebKeys, now: Double = Double(SystemClock.wall) / 1_000) throws {
        let payload = try keys.payload(of: token)
        guard let values = try? JSONDecoder().decode([String: ClaimValue].self, from: payload) else {
            throw Problem.malformed
        }
        try self.init(values, now: now)
    }

    /// Throws unless these claims are valid now.
    init(_ values: [String: ClaimValue], now: Double) throws {
        guard let end = values["exp"]?.number, end + Self.leeway > now else { throw Problem.expired }
        guard let start = values["iat"]?.number, start - Self.leeway < now else {
            throw Problem.fromTheFuture
        }
        // RFC 7519 §4.1.5
        if let begin = values["nbf"], (begin.number ?? .infinity) - Self.leeway >= now {
            throw Problem.fromTheFuture
        }
        self.values = values
    }
}

/// Any JSON value.
enum ClaimValue: Codable, Sendable, Equatable {
    case string(String)
    case number(Double)
    case flag(Bool)
    case list([ClaimValue])
    case object([String: ClaimValue])
    case none

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .none
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .flag(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode([ClaimValue].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: ClaimValue].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .flag(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        case .none: try container.encodeNil()
        }
    }

    var text: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    var number: Double? {
        guard case .number(let value) = self else { return nil }
        return value
    }

    /// One string or a list of them.
    var texts: [String] {
        switch self {
        case .string(let value): [value]
        case .list(let values): values.compactMap(\.text)
        default: []
        }
    }
}
