//! ListExports and ListImports.

use serde::{Deserialize, Serialize};

use super::error::{invalid, missing};
use super::page::page;
use super::plan;
use super::store;
use crate::request::Context;
use wire::AwsError;

/// Exports of a page.
const PAGE: usize = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ListInput {
    export_name: Option<String>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListExportsOutput {
    exports: Vec<ExportView>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ExportView {
    exporting_stack_id: String,
    name: String,
    value: String,
}

/// ListExports.
pub(super) async fn list_exports(cx: &Context, input: ListInput) -> Result<ListExportsOutput, AwsError> {
    let exports = plan::exports(&store::all_stacks(cx));
    let (exports, next_token) = page(exports.into_values().collect(), input.next_token.as_deref(), PAGE)?;
    let view = |export: plan::Export| ExportView {
        exporting_stack_id: export.stack_id,
        name: export.name,
        value: export.value,
    };
    Ok(ListExportsOutput { exports: exports.into_iter().map(view).collect(), next_token })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListImportsOutput {
    imports: Vec<String>,
    next_token: Option<String>,
}

/// ListImports: the stacks that import an export.
pub(super) async fn list_imports(cx: &Context, input: ListInput) -> Result<ListImportsOutput, AwsError> {
    let name = input.export_name.ok_or_else(|| missing("exportName"))?;
    let importers = plan::importers(&store::all_stacks(cx), &name);
    if importers.is_empty() {
        return Err(invalid(format!("Export '{name}' is not imported by any stack.")));
    }
    let (imports, next_token) = page(importers, input.next_token.as_deref(), PAGE)?;
    Ok(ListImportsOutput { imports, next_token })
}
