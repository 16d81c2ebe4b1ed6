"""Assets of dbt: every model, with its tests as asset checks.

Does not belong here: any figure; those are in ``dbt_project``.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets

from orchestration import dbt
from orchestration.assets.feeds import OWNER
from orchestration.errors import RefusedError
from orchestration.settings import Settings
from orchestration.warehouse import mark_built, open_warehouse, read_window

PARTITIONED = ("gmv_daily_movements", "partner_gmv_daily_movements", "creator_gmv_daily_movements")
"""The movements that people read by day; what is cumulative is not partitioned."""

ROWS = "rows"
"""The word with which the macro ``report_rows`` begins."""


class Translator(DagsterDbtTranslator):
    """How a dbt model appears in Dagster: by its own name, in its room's group, movements by delivery day."""

    def __init__(self, partitions: dg.PartitionsDefinition[str]) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))
        self._partitions = partitions

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Models are called by their names alone; sources as their description says."""
        if dbt_resource_props["resource_type"] == "model":
            return dg.AssetKey(dbt_resource_props["name"])
        return super().get_asset_key(dbt_resource_props)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The folder of the model: staging, movements, subjects, marts or awards."""
        return str(dbt_resource_props["fqn"][1])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """All models belong to the data engineers."""
        return [OWNER]

    def get_partitions_def(self, dbt_resource_props: Mapping[str, Any]) -> dg.PartitionsDefinition[str] | None:
        """Public movements are partitioned by the day that made them known."""
        return self._partitions if dbt_resource_props["name"] in PARTITIONED else None


def models_asset(settings: Settings, translator: Translator) -> dg.AssetsDefinition:
    """All models of the dbt project as one multi-asset, built by one dbt process."""

    @dbt_assets(
        name="models",
        manifest=dbt.manifest(settings),
        dagster_dbt_translator=translator,
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={"writer"},
    )
    def models(context: dg.AssetExecutionContext) -> Iterator[Any]:
        # Of some models alone, the others would stand as of a day before; dbt builds all.
        if context.selected_asset_keys != models.keys:
            raise RefusedError("models are built all together: run the whole job daily_incentives")
        with open_warehouse(settings) as connection:
            as_of = read_window(connection).as_of.isoformat()
        rows: dict[str, int] = {}
        built: set[str] = set()
        for event in dbt.build(settings, context, translator).stream_raw_events():
            rows |= _counted_rows(event.raw_event)
            for result in event.to_default_asset_events(dbt.manifest(settings), translator, context):
                if isinstance(result, dg.Output):
                    built.add(result.output_name)
                    yield _completed(result, as_of, rows)
                else:
                    yield result
        _require_all({key.to_user_string() for key in context.selected_asset_keys}, built)
        with open_warehouse(settings) as connection:
            mark_built(connection)

    return models


def _require_all(selected: set[str], built: set[str]) -> None:
    """RefusedError where dbt told nothing of a model: what follows it would be left out, and the run would end well."""
    untold = sorted(selected - built)
    if untold:
        raise RefusedError(f"dbt told nothing of {', '.join(untold)}, so nothing was posted or published: run it again")


def _counted_rows(event: Mapping[str, Any]) -> dict[str, int]:
    """The rows of a table, as the macro ``report_rows`` says them before the table is done; empty for any other event."""
    words = event["info"]["msg"].split()
    if event["info"]["name"] != "JinjaLogInfo" or words[:1] != [ROWS]:
        return {}
    return {words[1]: int(words[2])}


def _completed(built: dg.Output[None], as_of: str, rows: Mapping[str, int]) -> dg.Output[None]:
    """A built model with the day as of which it stands and, of a table, its rows."""
    metadata = dict(built.metadata) | {"as_of": as_of}
    if built.output_name in rows:
        metadata["dagster/row_count"] = dg.MetadataValue.int(rows[built.output_name])
    return built.with_metadata(metadata)
