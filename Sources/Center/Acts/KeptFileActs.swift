import API
import Fleet

/// Files of LTSP that stay the truth.
extension Acts {
    func keptFiles() throws -> [KeptFileAnswer] {
        try require(.read, in: .site)
        let snapshot = fleet.snapshot
        return services.keptFiles.all.map { state in
            let scope = state.source.scope
            return KeptFileAnswer(
                scope: scope.description, path: state.source.path,
                kind: snapshot.keptFiles[scope]?.dialect.rawValue,
                sectionCount: snapshot.keptReading(scope)?.file.sectionCount ?? 0,
                isRefused: state.isRefused, problems: state.problems)
        }
    }
}
