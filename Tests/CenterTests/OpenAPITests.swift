import Fleet
import Foundation
import Hummingbird
import Testing
import Yams

@testable import Center

/// The document and the routes agree: paths, methods, and the permission of each.
@Suite struct OpenAPITests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private static func documented() throws -> [String: String] {
        let text = String(decoding: Assets.openAPI, as: UTF8.self)
        let document = try #require(try Yams.load(yaml: text) as? [String: Any])
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        var operations: [String: String] = [:]
        for (path, methods) in paths {
            // Parameter names differ between the document and the router: only their positions count.
            let shape = path.replacing(/\{[^}]+\}/, with: "*")
            for (method, operation) in methods {
                let permission = (operation as? [String: Any])?["x-permission"] as? String
                operations["\(method.uppercased()) \(shape)"] = permission ?? "(none)"
            }
        }
        return operations
    }

    @Test func `every route is documented with its permission, and nothing else is`() async throws {
        var routes: [String: String] = [:]
        let router = Router(context: CenterContext.self)
        let door = Door(to: try await .alone(in: directory))
        Routes(group: router.group(""), door: door) { method, path, permission in
            let shape = "/\(path)".replacing("//", with: "/").replacing(/\{[^}]+\}/, with: "*")
            routes["\(method.rawValue) \(shape)"] = permission.rawValue
        }.addAPI()
        let documented = try Self.documented()
        for (route, permission) in documented { #expect(routes[route] == permission, "\(route)") }
        for route in routes.keys { #expect(documented[route] != nil, "\(route)") }
    }
}
