package import API
import Fleet
import Foundation
import NIOHTTP1

extension APIClient {
    /// Makes the edit, or shows what it would do.
    package func make(_ edit: ChangeRequest.Edit, asPlan: Bool = false) async throws {
        let request = ChangeRequest(edits: [edit])
        guard asPlan else {
            let data = try await send(.POST, "changes", json: request)
            let made = try JSONDecoder().decode(RevisionAnswer.self, from: data)
            for warning in made.warnings ?? [] { printError("warning: \(warning)") }
            return
        }
        let data = try await send(.POST, "plan", json: request)
        print(PlanTable.text(try JSONDecoder().decode(ChangePlan.self, from: data)), terminator: "")
    }
}
