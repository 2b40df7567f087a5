import Foundation
import PackagePlugin

/// Compiles a target's non-source files (pages, scripts, SQL) into it: `page.mustache` becomes `Embedded.page_mustache`.
///
/// SwiftPM's own `embedInCode` writes a literal of bytes, and the optimiser looks at each one: minutes for a few hundred kilobytes.
@main struct EmbedFiles: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let files = target.sourceModule?.sourceFiles.filter { $0.type == .unknown }.map(\.url) ?? []
        let output = context.pluginWorkDirectoryURL.appending(path: "Embedded.swift")
        return [
            .buildCommand(
                displayName: "Embedding the files of \(target.name)",
                executable: try context.tool(named: "embed-files").url,
                arguments: [output.path] + files.map(\.path).sorted(), inputFiles: files,
                outputFiles: [output])
        ]
    }
}
