package import API

/// An agent that only tells: people come with their own passwords, to accounts that are there.
package struct NoLogIns: LogInDoor {
    package init() {}

    package func prepare(_ logIn: AgentLogIn) throws -> AgentResult.Ready {
        guard logIn.credential.isEmpty, logIn.account == nil else {
            throw AgentProblem("this agent makes no accounts and takes no tickets")
        }
        let places = AgentPlaces()
        return AgentResult.Ready(
            certificate: ReportMaker.certificate(places), hostKeys: ReportMaker.hostKeys(places),
            accountMilliseconds: 0)
    }

    package func forget(_ ticket: String) {}
    package func claim(user: String, secret: [UInt8], service: String, from: String) -> Bool { false }
    package func removeAccount(_ user: String, _ end: AgentOrder.HomeEnd) throws {
        throw AgentProblem("this agent has made no account \(user)")
    }
    package func sweep(sessions: [AgentSession]) {}
}
