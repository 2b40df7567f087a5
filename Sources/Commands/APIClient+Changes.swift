package import API
import Fleet
import Foundation
import NIOHTTP1

extension APIClient {
    /// Makes the edit, or shows what it would do.
    package func make(_ edit: ChangeRequest.Edit, asPlan: Bool = false) async throws {
        let request = ChangeRequest(edits: [edit])
        guard asPlan else { return _ = try await send(.POST, "changes", json: request) }
        let data = try await send(.POST, "plan", json: request)
        print(PlanTable.text(try JSONDecoder().decode(ChangePlan.self, from: data)), terminator: "")
    }
}
