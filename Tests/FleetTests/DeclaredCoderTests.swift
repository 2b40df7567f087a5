import Foundation
import Testing
import Wire

@testable import Fleet

/// Values of records are made and read as JSON would have them.
@Suite struct DeclaredCoderTests {
    private struct Odd: Codable, Equatable {
        var small: UInt8?
        var large: UInt64 = 7
        var share: Double = 0.5
        var whole: Double = 3
        var flag = false
        var map: [String: [Int]] = ["a": [1, 2], "b": []]
        var inner: [Inner] = [Inner(), Inner(text: nil)]

        struct Inner: Codable, Equatable {
            var text: String? = "x/y~z"
            var other: [String: Inner] = [:]
        }
    }

    private func json(_ value: some Encodable) throws -> DeclaredValue {
        try JSONDecoder().decode(DeclaredValue.self, from: JSONEncoder().encode(value))
    }

    @Test func `a value is that of JSON, and is read back`() throws {
        let odd = Odd(small: 4)
        let value = try #require(try DeclaredEncoder().value(of: odd))
        #expect(try value == json(odd))
        // A fraction is text in files, which the forms that have one read.
        #expect(value[DeclaredPath(["share"])] == .text("0.5"))
        var read = value
        read[DeclaredPath(["share"])] = .integer(2)
        let again = try DeclaredDecoder().decode(Odd.self, from: read)
        #expect(again.share == 2 && again.inner == odd.inner && again.map == odd.map && again.small == 4)
        let large = Odd(large: .max)
        #expect(try DeclaredEncoder().value(of: large) == json(large))

        let node = try Node(name: NodeName("pc-1"), macAddresses: [MACAddress(rawValue: 0x5254_0000_0001)])
        let stored = try #require(try DeclaredEncoder().value(of: node))
        #expect(try stored == json(node))
        #expect(try DeclaredDecoder().decode(Node.self, from: stored) == node)
        let lines = try #require(Self.network)
        #expect(try DeclaredEncoder().value(of: DeclaredDecoder().decode(Network.self, from: lines)) != nil)
    }

    private static let network = try? JSONDecoder().decode(
        DeclaredValue.self, from: Data(#"{"name":"lab","subnet":"10.7.0.0/24"}"#.utf8))

    @Test(
        arguments: [
            (#"{"small":"x"}"#, ["small"]), (#"{"small":300}"#, ["small"]),
            (#"{"map":{"a":[1,"x"]}}"#, ["map", "a", "1"]),
            (#"{"inner":[{"text":1}]}"#, ["inner", "0", "text"]), (#"{"flag":"yes"}"#, ["flag"]),
            (#"{"map":[1]}"#, ["map"]), (#"{"inner":{}}"#, ["inner"]), (#"{"large":-1}"#, ["large"]),
        ])
    func `what does not fit is refused where JSON refuses it`(change: String, path: [String]) throws {
        var value = try #require(try DeclaredEncoder().value(of: Odd()))
        value[DeclaredPath(["share"])] = .integer(1)
        let changed = try JSONDecoder().decode(DeclaredValue.self, from: Data(change.utf8))
        for (name, member) in changed.object ?? [:] { value[DeclaredPath([name])] = member }
        let (other, text) = (value, try JSONEncoder().encode(value))
        func refusal(_ act: () throws -> Odd) -> DecodingError? {
            do { _ = try act() } catch { return error as? DecodingError }
            return nil
        }
        let own = try #require(refusal { try DeclaredDecoder().decode(Odd.self, from: other) })
        let wanted = try #require(refusal { try JSONDecoder().decode(Odd.self, from: text) })
        #expect(Self.path(of: own) == path)
        // Of numbers that do not fit, JSON does not say where they are.
        if !change.contains("300"), !change.contains("-1") { #expect(Self.path(of: wanted) == path) }
        guard case .typeMismatch(let type, _) = own, case .typeMismatch(let theirs, _) = wanted else {
            return
        }
        #expect((type is any Collection.Type) == (theirs is any Collection.Type))
    }

    private static func path(of error: DecodingError) -> [String] {
        switch error {
        case .dataCorrupted(let context), .typeMismatch(_, let context), .valueNotFound(_, let context),
            .keyNotFound(_, let context):
            context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
        @unknown default: []
        }
    }
}
