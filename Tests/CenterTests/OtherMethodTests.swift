import HTTPTypes
import Testing

@testable import Center

/// Methods that a path does not have (RFC 9110 §15.5.6).
@Suite struct OtherMethodTests {
    private static let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]

    @Test func `each path refuses what it has not with 405, and OPTIONS tells what it has`() async throws {
        let fleet = try await SmallFleet()
        var paths: [String: Set<String>] = [:]
        for route in fleet.routes {
            let words = route.split(separator: " ", maxSplits: 1).map(String.init)
            let (method, path) = (try #require(words.first), try #require(words.last))
            paths[path.replacing("*", with: "x"), default: []].insert(method)
        }
        var count = 0
        for (path, own) in paths {
            let all = own.union(own.contains("GET") ? ["HEAD", "OPTIONS"] : ["OPTIONS"])
            let list = Self.methods.filter(all.contains).joined(separator: ", ")
            for method in Self.methods where method == "OPTIONS" || !all.contains(method) {
                count += 1
                let answer = try await fleet.ask(method, path, from: "192.0.2.\(count / 40)")
                #expect(answer.status == (method == "OPTIONS" ? 204 : 405), "\(method) \(path)")
                #expect(answer.headers[.allow] == list, "\(method) \(path)")
                guard answer.status == 405, method != "HEAD" else { continue }
                #expect(answer.headers[.contentType] == "application/problem+json")
                #expect(answer.body.contains("\"status\":405"))
            }
        }
        #expect(count > 500)
    }

    @Test func `a browser gets a page, an unknown path 404, and an unknown method 501`() async throws {
        let fleet = try await SmallFleet()
        let page = try await fleet.ask("GET", "/logout", headers: [.accept: "text/html"])
        #expect(page.status == 405)
        #expect(page.headers[.allow] == "POST, OPTIONS")
        #expect(page.body.contains("<h1>Method not allowed"))
        #expect(try await fleet.ask("DELETE", "/nothing-here").status == 404)
        #expect(try await fleet.ask("PROPFIND", "/nodes").status == 501)
        // An empty name is none: without it, this would be the removal of a node called alarm.
        let nameless = try await fleet.ask("DELETE", "/api/v1/nodes//alarm")
        #expect(nameless.status == 404 && nameless.body.contains("alarm is empty"))
        // A literal path stands before a parameter of the same place.
        let head = try await fleet.ask("HEAD", "/login")
        #expect(head.status == 200 && head.body.isEmpty)
    }
}
